"""A client of the API that waits when the API asks it to."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self

import httpx

WAITS: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
TRIES: Final = 5
LONGEST_WAIT_SECONDS: Final = 120.0
REQUEST_TIMEOUT_SECONDS: Final = 35.0
"""API Gateway responds within 29 seconds."""


class Api:
    """Send requests, and repeat them after ``Retry-After`` if the API asks for it.

    So the suite stays below the rate limit of its address, even if the address sends other
    requests.
    """

    def __init__(
        self,
        url: str,
        key: str,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.http = httpx.Client(
            base_url=f"{url}/",
            headers={"x-api-key": key} if key else {},
            timeout=REQUEST_TIMEOUT_SECONDS,
            transport=transport,
        )
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.http.close()

    def get(self, path: str, **query: str | int) -> httpx.Response:
        """Read a path."""
        return self.send("GET", path, params=query)

    def post(self, path: str, body: Any) -> httpx.Response:
        """Send a body as JSON."""
        return self.send("POST", path, json=body)

    def delete(self, path: str) -> httpx.Response:
        """Delete the resource at a path."""
        return self.send("DELETE", path)

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request until the response does not ask for a later attempt.

        Raises
        ------
        AssertionError
            There was no response.
        """
        for _ in range(TRIES):
            response = self._once(method, path, **request)
            wait = _wait_seconds(response)
            if wait is None:
                return response
            self._sleep(wait)
        return response

    def _once(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self.http.request(method, path, **request)
        except httpx.TransportError as error:
            raise AssertionError(f"{method} {path} got no response: {error!r}") from None


def _wait_seconds(response: httpx.Response) -> float | None:
    """Return how long the API asks to wait; None if it does not ask, or asks for too long."""
    if response.status_code not in WAITS:
        return None
    asked = response.headers.get("retry-after", "")
    is_throttled = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    if not asked.isdecimal():
        return 1.0 if is_throttled else None
    return float(asked) if float(asked) <= LONGEST_WAIT_SECONDS else None


def shown(response: httpx.Response) -> str:
    """Return the response to a request, for the message of a failed check."""
    request = response.request
    status = f"{request.method} {request.url.path} responds with {response.status_code}"
    if response.is_success or not response.content:
        return status
    return f"{status}: {' '.join(response.text.split())[:300]}"
