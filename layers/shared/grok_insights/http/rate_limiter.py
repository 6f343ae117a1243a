"""The rate limit of the API's routes: one count a client and window, kept in the State table."""

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

LIMITED: Final = "/api/v1/"
"""Paths under this prefix count for the rate limit."""


@dataclass(frozen=True, slots=True)
class RateLimiter:
    """Counts the requests of each client."""

    counters: StateCounters
    limit: RateLimit
    now: Callable[[], datetime]

    def count(self, request: APIGatewayProxyEvent) -> RateLimitDecision | None:
        """Return what the limit says of a request; None if it does not count.

        It does not count either where the State table is down: then it passes.
        """
        if not request.path.startswith(LIMITED) or request.http_method == "OPTIONS":
            return None
        now = self.now().timestamp()
        window = self.limit.window(now)
        client = client_of(request.request_context.identity.source_ip)
        try:
            used = self.counters.count_request(client, window)
        except AWS_FAILURES:
            logger.warning("the rate limit's store is down: the request passes")
            metrics.add_metric("RateLimitFailedOpen", MetricUnit.Count, 1)
            return None
        return window.decision(used, now)

    def check(self, decision: RateLimitDecision | None) -> None:
        """Check that a request may pass.

        Raises
        ------
        TooManyRequests
            It is one too many.
        """
        if decision is not None and not decision.allowed:
            raise TooManyRequests(
                f"more than {decision.limit} requests in {self.limit.window_seconds} seconds",
                retry_after_seconds=decision.reset_seconds,
            )
