"""The routes of a function, and the response to each error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.errors import MethodNotAllowed, NotFound, RequestError, Unavailable
from grok_insights.http.request import Nothing, RequestModels
from grok_insights.http.response import problem
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.validation import Model

Function = TypeVar("Function", bound=Callable[..., Response[str]])
UseCase = TypeVar("UseCase")


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, the models of a request, and the function that returns the response.

    ``path`` has its parameters in angle brackets. The function is called with the use case and the
    arguments that the models return. If ``with_request``, it gets the ``request`` too.
    """

    method: str
    path: str
    models: RequestModels
    function: Callable[..., Response[str]]
    with_request: bool = False


class Router(Generic[UseCase]):
    """Collects the routes of a function.

    Powertools' validation is not used: it would load its models of OpenAPI, which take as much of
    a cold start as the rest of a function. See docs/performance.md.

    Parameters
    ----------
    elsewhere : Iterable[tuple[str, str]]
        Methods and paths that another function handles. API Gateway sends requests for these paths
        with other methods to this function, and no route of this function may match them.
    """

    def __init__(self, elsewhere: Iterable[tuple[str, str]] = ()) -> None:
        self.routes: list[Route] = []
        self._methods: dict[str, set[str]] = {}
        for method, path in elsewhere:
            self._methods.setdefault(path, set()).add(method)

    def get(
        self,
        path: str,
        *,
        parameters: type[Model] | None = None,
        query: type[Model] = Nothing,
        with_request: bool = False,
    ) -> Callable[[Function], Function]:
        """Register a function for ``GET`` and ``HEAD``."""
        return self._route("GET", path, RequestModels(parameters, query), with_request)

    def post(
        self,
        path: str,
        *,
        parameters: type[Model] | None = None,
        body: type[Model] | None = None,
        with_request: bool = False,
    ) -> Callable[[Function], Function]:
        """Register a function for ``POST``."""
        return self._route("POST", path, RequestModels(parameters, body=body), with_request)

    def put(
        self,
        path: str,
        *,
        query: type[Model] = Nothing,
        body: type[Model],
        with_request: bool = False,
    ) -> Callable[[Function], Function]:
        """Register a function for ``PUT``."""
        return self._route("PUT", path, RequestModels(query=query, body=body), with_request)

    def delete(
        self, path: str, *, parameters: type[Model] | None = None, query: type[Model] = Nothing
    ) -> Callable[[Function], Function]:
        """Register a function for ``DELETE``."""
        return self._route("DELETE", path, RequestModels(parameters, query))

    def _route(
        self, method: str, path: str, models: RequestModels, with_request: bool = False
    ) -> Callable[[Function], Function]:
        def register(function: Function) -> Function:
            self.routes.append(Route(method, path, models, function, with_request))
            self._methods.setdefault(path, set()).add(method)
            return function

        return register

    def methods(self, path: str) -> frozenset[str]:
        """Return the methods of a path; empty if there is no such path.

        A path without parameters takes precedence over one with parameters.
        """
        methods = self._methods.get(self._rule(path) or "", set())
        return frozenset(methods | ({"HEAD"} if "GET" in methods else set()))

    def _rule(self, path: str) -> str | None:
        """Return the registered path of the route that matches a path; None if none does."""
        plain = path.rstrip("/") or "/"
        if plain in self._methods and "<" not in plain:
            return plain
        sent = plain.split("/")
        matches = [rule for rule in self._methods if _matches(rule.split("/"), sent)]
        return min(matches, key=lambda rule: rule.count("<"), default=None)

    def resolver(self, use_case: UseCase) -> APIGatewayRestResolver:
        """Return Powertools' resolver with the routes. They call ``use_case``."""
        resolver = APIGatewayRestResolver()
        resolver.exception_handler(Exception)(_error_response)
        for route in self.routes:
            resolver.route(route.path, route.method)(_bound(route, use_case, resolver))
        return resolver

    def check(self, method: str, path: str) -> None:
        """Check that a route matches a request.

        Raises
        ------
        NotFound, MethodNotAllowed
            No route matches.
        """
        methods = self.methods(path)
        if not methods:
            raise NotFound("there is no such path")
        if method not in methods:
            raise MethodNotAllowed("this path does not have this method", allowed=allowed(methods))


def allowed(methods: Iterable[str]) -> tuple[str, ...]:
    """Return the methods for the ``Allow`` header of a path."""
    return (*sorted(methods), "OPTIONS")


def _matches(rule: Sequence[str], sent: Sequence[str]) -> bool:
    """Return whether a path matches a rule, part by part. A parameter must not be empty."""
    return len(rule) == len(sent) and all(
        bool(part) if known.startswith("<") else part == known
        for known, part in zip(rule, sent, strict=True)
    )


def _bound(
    route: Route, use_case: object, resolver: APIGatewayRestResolver
) -> Callable[..., Response[str]]:
    """Return the function that the resolver calls for a route, with the path's parameters."""

    def call(**path: str) -> Response[str]:
        request = resolver.current_event
        arguments = route.models.read(request, path)
        if route.with_request:
            arguments["request"] = request
        return route.function(use_case, **arguments)

    return call


def _error_response(error: Exception) -> Response[str]:
    return problem(as_request_error(error))


def as_request_error(error: Exception) -> RequestError:
    """Return the error that a client sees: the only table from errors to statuses."""
    match error:
        case RequestError():
            return error
        case NotFoundError():
            # Powertools matches fewer characters in a path's parameters than `_matches`.
            return NotFound("there is no such path")
        case _ if isinstance(error, (*AWS_FAILURES, TimeoutError)):
            logger.exception("a request failed in AWS")
            return Unavailable("a part of this service is not available", retry_after_seconds=5)
        case _:
            logger.exception("a request failed")
            return RequestError("the request failed; the log says why")
