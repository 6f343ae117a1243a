"""The rate limit of the API's routes: one counter for each client and window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.errors import TooManyRequests
from grok_insights.flow.rate_limit import RateLimit, RateLimitDecision, client_of
from grok_insights.telemetry import MetricUnit, logger, metrics

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

    from grok_insights.aws.state.counters import StateCounters

LIMITED_PREFIX: Final = "/api/v1/"
"""The rate limit applies to paths with this prefix."""


@dataclass(frozen=True, slots=True)
class RateLimiter:
    """Counts the requests of each client in the State table."""

    counters: StateCounters
    limit: RateLimit
    now: Callable[[], datetime]

    def count(self, request: APIGatewayProxyEvent) -> RateLimitDecision | None:
        """Count a request, and return the decision on it; None if no limit applies.

        If the State table is not available, the request is not counted, and is allowed.
        """
        if not request.path.startswith(LIMITED_PREFIX) or request.http_method == "OPTIONS":
            return None
        now = self.now().timestamp()
        window = self.limit.window(now)
        client = client_of(request.request_context.identity.source_ip)
        try:
            used = self.counters.count_request(client, window)
        except AWS_FAILURES:
            logger.warning("the rate limit's counter is not available: the request is allowed")
            metrics.add_metric("RateLimitFailedOpen", MetricUnit.Count, 1)
            return None
        return window.decision(used, now)

    def check(self, decision: RateLimitDecision | None) -> None:
        """Check that a request is allowed.

        Raises
        ------
        TooManyRequests
            The client has exceeded the limit.
        """
        if decision is not None and not decision.allowed:
            raise TooManyRequests(
                f"more than {decision.limit} requests in {self.limit.window_seconds} seconds",
                retry_after_seconds=decision.reset_seconds,
            )
