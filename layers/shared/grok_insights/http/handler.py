"""Handles HTTP requests: the rate limit, the route, and the headers of all responses."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from grok_insights.errors import NotFound, RequestError
from grok_insights.http.request import header
from grok_insights.http.response import ProxyResult, finish_response, problem, to_proxy_result
from grok_insights.http.router import allowed
from grok_insights.telemetry import flush

if TYPE_CHECKING:
    from grok_insights.flow.rate_limit import RateLimitDecision
    from grok_insights.http.cors import Cors
    from grok_insights.http.rate_limiter import RateLimiter
    from grok_insights.http.router import Router

UseCase = TypeVar("UseCase")


class HttpHandler(Generic[UseCase]):
    """Handles the requests of API Gateway.

    Parameters
    ----------
    router : Router[UseCase]
        The routes.
    use_case : UseCase
        The use case that the routes call.
    rate_limiter : RateLimiter
        Counts the requests.
    cors : Cors
        Makes the CORS headers.
    """

    def __init__(
        self, router: Router[UseCase], use_case: UseCase, rate_limiter: RateLimiter, cors: Cors
    ) -> None:
        self.use_case = use_case
        self._router, self._resolver = router, router.resolver(use_case)
        self._rate_limiter, self._cors = rate_limiter, cors

    def __call__(self, event: dict[str, Any], context: Any) -> ProxyResult:
        """Return the response to an event of API Gateway."""
        request = APIGatewayProxyEvent(event)
        decision = self._rate_limiter.count(request)
        try:
            response = self._response(decision, request, context)
        except RequestError as error:
            response = to_proxy_result(problem(error))
        headers = self._cors.headers(header(request, "origin"))
        headers |= decision.headers() if decision else {}
        response["multiValueHeaders"].update({name: [text] for name, text in headers.items()})
        flush()
        return finish_response(response, request)

    def _response(
        self, decision: RateLimitDecision | None, request: APIGatewayProxyEvent, context: Any
    ) -> ProxyResult:
        """Return the response of the route.

        Raises
        ------
        RequestError
            The client has exceeded the rate limit, or no route matches.
        """
        self._rate_limiter.check(decision)
        method, path = request.http_method, request.path
        if method == "OPTIONS":
            return to_proxy_result(self._options(path))
        self._router.check(method, path)
        if method == "HEAD":
            # Handled like GET; `finish_response` removes the body.
            return self._resolver.resolve({**request.raw_event, "httpMethod": "GET"}, context)
        return self._resolver.resolve(request.raw_event, context)

    def _options(self, path: str) -> Response[str]:
        """Return the response to OPTIONS, with the methods of a path.

        Raises
        ------
        NotFound
            There is no such path, and CORS is off.
        """
        methods = self._router.methods(path)
        headers = self._cors.preflight_headers(methods)
        if methods:
            headers["Allow"] = ", ".join(allowed(methods))
        if not headers:
            raise NotFound("there is no such path")
        return Response(HTTPStatus.NO_CONTENT, headers={**headers}, body="")
