"""The resolver: which route a request meets, and what each error is answered with."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
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
    MethodNotAllowed,
    NotFound,
    RequestError,
    Unavailable,
    UnsupportedMediaType,
    faults_of,
)
from grok_insights.http.answers import problem
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import ResponseBuilder
    from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

SHOWN_TO_SCRIPTS: Final = [
    "ETag",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
]
CORS_MAX_AGE_SECONDS: Final = 600

Methods = Callable[[str], frozenset[str]]


class Api(APIGatewayRestResolver):
    """A resolver that knows which methods a path has, and answers every error as a problem.

    Parameters
    ----------
    origins : Sequence[str]
        Origins whose pages may call the API; none, and no browser lets another origin do so.
    described : Methods
        The methods of the paths of all functions, for the one that gets all that no other takes.
    """

    def __init__(
        self, origins: Sequence[str] = (), described: Methods = lambda _: frozenset()
    ) -> None:
        self.cors_config = _cors(origins)
        self.described = described
        super().__init__(
            enable_validation=True, cors=self.cors_config, json_body_deserializer=_strict_json
        )
        self.use([_refuse_unknown_parameters])
        self.exception_handler(Exception)(self._problem)

    def methods(self, path: str) -> frozenset[str]:
        """The methods that a path has; none where there is no such path."""
        routes = [*self._static_routes, *self._dynamic_routes]
        here = {route.method for route in routes if route.rule.match(path)}
        found = self.described(path) or here
        return frozenset(found | ({"HEAD"} if "GET" in found else set()))

    def _resolve(self) -> ResponseBuilder[Any]:
        """Let a path of another function not pass for an id of this one."""
        method, path = self.current_event.http_method, self.current_event.path
        if method not in self.methods(path):
            return self._handle_not_found(method=method, path=path)
        return super()._resolve()

    def _handle_not_found(self, method: str, path: str) -> ResponseBuilder[Any]:
        """Answer what meets no route; a preflight is told the methods of its very path."""
        self._cors_methods = {*self.methods(path), "OPTIONS"}
        return super()._handle_not_found(method=method, path=path)

    def _problem(self, error: Exception) -> Response[str]:
        if isinstance(error, NotFoundError):
            return self._no_route(self.current_event.path, self.current_event.http_method)
        return problem(_as_request_error(error))

    def _no_route(self, path: str, method: str) -> Response[str]:
        allowed = (*sorted(self.methods(path)), "OPTIONS")
        # A path that has the method and meets no route holds a name that cannot be one.
        if len(allowed) == 1 or method in allowed[:-1]:
            return problem(NotFound("there is no such path"))
        if method == "OPTIONS":
            return Response(HTTPStatus.NO_CONTENT, headers={"Allow": ", ".join(allowed)}, body="")
        return problem(MethodNotAllowed("this path does not have this method", allowed=allowed))


def new_api(origins: Sequence[str] = (), described: Methods = lambda _: frozenset()) -> Api:
    """A resolver that validates requests and answers every error as a problem."""
    return Api(origins, described)


def _cors(origins: Sequence[str]) -> CORSConfig | None:
    if not origins:
        return None
    first, *others = origins
    return CORSConfig(
        allow_origin=first,
        extra_origins=others,
        allow_headers=["If-None-Match"],
        expose_headers=SHOWN_TO_SCRIPTS,
        max_age=CORS_MAX_AGE_SECONDS,
    )


def _refuse_unknown_parameters(api: Api, next_middleware: NextMiddleware) -> Any:
    """Let no misspelt filter pass for no filter."""
    if api.current_event.http_method in api.methods(api.current_event.path):
        known = {field.alias for field in api.context["_route"].dependant.query_params}
        given = api.current_event.resolved_query_string_parameters
        faults = tuple(
            Fault(f"query.{name}", "is not a parameter of this path")
            for name in sorted(given)
            if name not in known
        )
        if faults:
            raise InvalidRequest("the request is not valid", faults=faults)
    return next_middleware(api)


def _strict_json(body: str) -> Any:
    """The value of a JSON text, and of nothing that only Python takes for JSON.

    Raises
    ------
    BadRequest
        It is not JSON, nested too deeply, or holds a number beyond all measure.
    """
    try:
        return json.loads(body, parse_constant=_not_json)
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON", faults=(Fault("body", "is not JSON"),)) from None


def _not_json(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _as_request_error(error: Exception) -> RequestError:
    """The one table from error to status."""
    match error:
        case RequestError():
            return error
        case RequestUnsupportedContentType():
            return UnsupportedMediaType("the body must be application/json")
        case RequestValidationError():
            return InvalidRequest("the request is not valid", faults=faults_of(error.errors()))
        case _ if isinstance(error, (*AWS_FAILURES, TimeoutError)):
            logger.exception("a request failed in AWS")
            return Unavailable("something this service needs is down", retry_after_seconds=5)
        case _:
            logger.exception("a request failed")
            return RequestError("the request failed; the log says why")
