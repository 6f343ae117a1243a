"""Code that both Powertools baselines use: errors, the rate limit and CORS."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from benchmarks.baselines.parts import parts
from benchmarks.baselines.responses import limited, problem
from grok_insights.errors import InvalidRequest, RequestError
from grok_insights.validation import faults_of


def refused(error: RequestError) -> Response[str]:
    """Return the response to a request that cannot be served."""
    body = json.dumps(problem(error))
    return Response(error.status, "application/problem+json", body, error.headers())


def invalid(error: RequestValidationError) -> Response[str]:
    """Return the response to a request that the models refuse."""
    faults = faults_of(error.errors())
    return refused(InvalidRequest("the request is not valid", faults=faults))


def count(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Count a request; a middleware."""
    event = app.current_event
    if not event.path.startswith("/api/v1/"):
        return next_middleware(app)
    left = limited(parts, event.request_context.identity.source_ip)
    answer = next_middleware(app)
    answer.headers.update(left)
    return answer


def new_app() -> APIGatewayRestResolver:
    """Return a resolver that responds to errors as ours does."""
    origins = parts.settings.cors_allowed_origins
    cors = CORSConfig(origins[0], extra_origins=list(origins[1:])) if origins else None
    app = APIGatewayRestResolver(enable_validation=True, cors=cors)
    app.exception_handler(RequestError)(refused)
    app.exception_handler(RequestValidationError)(invalid)
    app.use([count])
    return app


def made(document: str, status: int = 200, media_type: str = "application/json") -> Response[str]:
    """Return a response whose body is already text."""
    return Response(status, media_type, document)
