"""The frame around every route: problem+json for errors, and the rate limit at the door."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.errors import (
    BadRequest,
    Fault,
    InvalidRequest,
    NotFound,
    RequestError,
    TooManyRequests,
    Unavailable,
    UnsupportedMediaType,
    faults_of,
)
from grok_insights.flow.rate_limit import RateLimit, Verdict, client_of
from grok_insights.telemetry import MetricUnit, flush, logger, metrics

if TYPE_CHECKING:
    from grok_insights.aws.state import State

PROBLEM: Final = "application/problem+json"
JSON: Final = "application/json"
LIMITED: Final = "/api/v1/"
"""Paths under this prefix count for the rate limit."""

Headers = dict[str, str | list[str]]


def json_response(status: HTTPStatus, body: Any, headers: Headers | None = None) -> Response[str]:
    """An answer in JSON. A text is taken for JSON that is made already."""
    content = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
    return Response(int(status), JSON, content, headers=headers)


def problem_body(error: RequestError) -> dict[str, Any]:
    """An error as RFC 9457 problem details."""
    faults = [{"location": fault.location, "message": fault.message} for fault in error.faults]
    return {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        **({"errors": faults} if faults else {}),
    }


def problem(error: RequestError) -> Response[str]:
    """The answer that tells a client what went wrong."""
    headers: Headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    return Response(error.status, PROBLEM, json.dumps(problem_body(error)), headers=headers)


def new_api() -> APIGatewayRestResolver:
    """A resolver that validates requests and answers every error as a problem."""
    api = APIGatewayRestResolver(enable_validation=True)
    api.exception_handler(Exception)(lambda error: problem(_as_request_error(error)))
    return api


def _as_request_error(error: Exception) -> RequestError:  # noqa: PLR0911 - it is a table
    """The one table from error to status."""
    match error:
        case RequestError():
            return error
        case RequestUnsupportedContentType():
            return UnsupportedMediaType("the body must be application/json")
        case RequestValidationError():
            return _invalid(error)
        case NotFoundError():
            return NotFound("there is no such path")
        case RecursionError():
            return BadRequest("the body is nested too deeply")
        case _ if isinstance(error, (*AWS_FAILURES, TimeoutError)):
            logger.exception("a request failed in AWS")
            return Unavailable("something this service needs is down", retry_after_seconds=5)
        case _:
            logger.exception("a request failed")
            return RequestError("the request failed; the log says why")


def _invalid(error: RequestValidationError) -> RequestError:
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return BadRequest("the body is not JSON", faults=(Fault("body", "is not JSON"),))
    return InvalidRequest("the request is not valid", faults=faults_of(faults))


@dataclass(frozen=True, slots=True)
class Door:
    """Counts a request for its client's rate limit, and then lets the API answer it."""

    api: APIGatewayRestResolver
    state: State
    limit: RateLimit
    now: Callable[[], float] = time.time

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """The answer to an event of API Gateway."""
        answer = self._admit(event, context)
        flush()
        return answer

    def _admit(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        logger.set_correlation_id(event["requestContext"].get("requestId"))
        if not event["path"].startswith(LIMITED):
            return self.api.resolve(event, context)
        verdict = self._count(event["requestContext"]["identity"]["sourceIp"])
        if verdict is None:
            return self.api.resolve(event, context)
        answer = self._answer(verdict, event, context)
        answer.setdefault("multiValueHeaders", {}).update(
            {name: [value] for name, value in verdict.headers().items()}
        )
        return answer

    def _answer(self, verdict: Verdict, event: dict[str, Any], context: Any) -> dict[str, Any]:
        if verdict.allowed:
            return self.api.resolve(event, context)
        error = TooManyRequests(
            f"more than {verdict.limit} requests in {self.limit.window_seconds} seconds",
            retry_after_seconds=verdict.reset_seconds,
        )
        return to_proxy_result(problem(error))

    def _count(self, source_ip: str) -> Verdict | None:
        """What the limit says; None where its store is down, for then the door stays open."""
        window = self.limit.window(self.now())
        try:
            used = self.state.count_request(client_of(source_ip), window)
        except AWS_FAILURES:
            logger.warning("the rate limit's store is down: the request passes")
            metrics.add_metric("RateLimitFailedOpen", MetricUnit.Count, 1)
            return None
        return window.verdict(used, self.now())


def to_proxy_result(response: Response[str]) -> dict[str, Any]:
    """A response in the form that API Gateway wants."""
    headers: Mapping[str, Any] = response.headers
    return {
        "statusCode": response.status_code,
        "body": response.body,
        "isBase64Encoded": False,
        "multiValueHeaders": {
            "Content-Type": [response.content_type],
            **{name: [value] for name, value in headers.items()},
        },
    }
