"""The resolver: which route a request meets, and what each error is answered with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.checked import Check, Checked
from grok_insights.errors import MethodNotAllowed, NotFound, RequestError, Unavailable
from grok_insights.http.request import NOTHING, Takes
from grok_insights.http.response import problem
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
Route = TypeVar("Route", bound=Callable[..., Response[str]])
UseCase = TypeVar("UseCase")


class Api(APIGatewayRestResolver, Generic[UseCase]):
    """A resolver that knows which methods a path has, and answers every error as a problem.

    Powertools' own validation is left off: it loads all of pydantic, and of its OpenAPI models,
    which doubles what the rest of a function adds to a cold start. See docs/performance.md.

    Parameters
    ----------
    use_case : UseCase
        What the routes call. Tests put one of their own in its place.
    origins : Sequence[str]
        Origins whose pages may call the API; none, and no browser lets another origin do so.
    api_description : Methods
        The methods of the paths of all functions, for the one that gets all that no other takes.
    """

    def __init__(
        self,
        use_case: UseCase,
        origins: Sequence[str] = (),
        api_description: Methods = lambda _: frozenset(),
    ) -> None:
        self.use_case = use_case
        self.cors_config = _cors(origins)
        self.api_description = api_description
        self.taken: dict[Callable[..., Any], Takes] = {}
        super().__init__(cors=self.cors_config)
        self.use([_checked])
        self.exception_handler(Exception)(self._problem)

    def takes(
        self,
        *,
        path: Mapping[str, Check] = NOTHING,
        query: Checked[Any] | None = None,
        body: Checked[Any] | None = None,
    ) -> Callable[[Route], Route]:
        """Say what a route takes; one that says nothing takes nothing. See `Takes`."""

        def taking(route: Route) -> Route:
            self.taken[route] = Takes(path, query, body)
            return route

        return taking

    def route(self, *rule: Any, **options: Any) -> Callable[[Route], Route]:
        """Register a route. Powertools' ``get``, ``post`` and ``delete`` call this."""
        register = super().route(*rule, **options)

        def registered(route: Route) -> Route:
            self.taken.setdefault(route, Takes())
            return register(route)

        return registered

    def routes(self) -> Iterator[tuple[str, str, Takes]]:
        """Each route's method, its path as OpenAPI writes it, and what it takes."""
        for route in (*self._static_routes, *self._dynamic_routes):
            yield route.method, route.openapi_path, self.taken[route.func]

    def methods(self, path: str) -> frozenset[str]:
        """The methods that a path has; none where there is no such path."""
        routes = [*self._static_routes, *self._dynamic_routes]
        here = {route.method for route in routes if route.rule.match(path)}
        found = self.api_description(path) or here
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


def _checked(api: Api[Any], next_middleware: NextMiddleware) -> Any:
    """Hand the route what it takes, checked. What meets no route takes anything."""
    takes = api.taken.get(api.context["_route"].func)
    if takes is not None:
        path = api.context["_route_args"]
        api.context["_route_args"] = takes.read(api.current_event, path)
    return next_middleware(api)


def _as_request_error(error: Exception) -> RequestError:
    """The one table from error to status."""
    match error:
        case RequestError():
            return error
        case _ if isinstance(error, (*AWS_FAILURES, TimeoutError)):
            logger.exception("a request failed in AWS")
            return Unavailable("something this service needs is down", retry_after_seconds=5)
        case _:
            logger.exception("a request failed")
            return RequestError("the request failed; the log says why")
