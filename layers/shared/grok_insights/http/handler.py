"""The way in and out of a function: the rate limit, what a request must be, and its answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.errors import RequestError, TooManyRequests
from grok_insights.flow.rate_limit import RateLimit, RateLimitDecision, client_of
from grok_insights.http.request import header, with_text_body
from grok_insights.http.response import finish_response, problem, to_proxy_result
from grok_insights.telemetry import MetricUnit, flush, logger, metrics

if TYPE_CHECKING:
    from grok_insights.aws.state.counters import StateCounters
    from grok_insights.http.router import Api

LIMITED: Final = "/api/v1/"
"""Paths under this prefix count for the rate limit."""

WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class HttpHandler:
    """Counts a request for its client's rate limit, and then lets the API answer it."""

    api: Api[Any]
    counters: StateCounters
    limit: RateLimit
    now: Callable[[], float] = time.time

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """The answer to an event of API Gateway."""
        logger.set_correlation_id(event["requestContext"].get("requestId"))
        decision = self._decision(event)
        answer = self._answer(decision, event, context)
        if decision is not None:
            headers = {name: [value] for name, value in decision.headers().items()}
            answer["multiValueHeaders"].update(headers)
        flush()
        return finish_response(answer, event)

    def _decision(self, event: dict[str, Any]) -> RateLimitDecision | None:
        if not event["path"].startswith(LIMITED) or event["httpMethod"] == "OPTIONS":
            return None
        return self._count(event["requestContext"]["identity"]["sourceIp"])

    def _answer(
        self, decision: RateLimitDecision | None, event: dict[str, Any], context: Any
    ) -> dict[str, Any]:
        try:
            if decision is not None and not decision.allowed:
                raise self._too_many(decision)
            return self.api.resolve(self._readable(event), context)
        except RequestError as error:
            return self._refused(error, event)

    def _readable(self, event: dict[str, Any]) -> dict[str, Any]:
        """The event as routes take it: HEAD is answered like GET, and a body is a text."""
        method = event["httpMethod"]
        if method == "HEAD":
            return {**event, "httpMethod": "GET"}
        if method in WITH_BODY & self.api.methods(event["path"]):
            return with_text_body(event)
        return event

    def _refused(self, error: RequestError, event: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request that no route gets to see, with what CORS asks for."""
        answer = to_proxy_result(problem(error))
        cors = self.api.cors_config
        if cors is not None:
            origin = cors.allowed_origin(header(event, "origin"))
            allowed = {name: [value] for name, value in cors.to_dict(origin).items()}
            answer["multiValueHeaders"].update(allowed)
        return answer

    def _too_many(self, decision: RateLimitDecision) -> TooManyRequests:
        return TooManyRequests(
            f"more than {decision.limit} requests in {self.limit.window_seconds} seconds",
            retry_after_seconds=decision.reset_seconds,
        )

    def _count(self, source_ip: str) -> RateLimitDecision | None:
        """What the limit says; None where its store is down, for then the door stays open."""
        window = self.limit.window(self.now())
        try:
            used = self.counters.count_request(client_of(source_ip), window)
        except AWS_FAILURES:
            logger.warning("the rate limit's store is down: the request passes")
            metrics.add_metric("RateLimitFailedOpen", MetricUnit.Count, 1)
            return None
        return window.decision(used, self.now())
