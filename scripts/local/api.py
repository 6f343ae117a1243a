"""A client of the HTTP API that waits when the API asks it to."""

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeAlias

import httpx

from scripts.local.errors import LocalStackError

Json: TypeAlias = dict[str, Any]

_PAGES = 5
_PAGE_SIZE = 100
_TRIES = 3
_TRY_AGAIN = {429, 503}
_DEFAULT_WAIT_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 60.0


class Api:
    """A client that raises `LocalStackError` for any response that is not a success."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._http = httpx.Client(
            headers={"x-api-key": key}, timeout=30, trust_env=False, follow_redirects=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int) -> Json:
        """Return the JSON response to GET `path`."""
        return self._request("GET", path, params=query)

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """Return the JSON response to POST `path` with `body`."""
        return self._request("POST", path, json=body)

    def newest_insights(self) -> Iterator[Json]:
        """Return the newest few hundred insights. A page is requested only when it is needed."""
        query: dict[str, str | int] = {"limit": _PAGE_SIZE}
        for _ in range(_PAGES):
            page = self.get("/api/v1/insights", **query)
            yield from page["items"]
            if not page.get("next_cursor"):
                return
            query["cursor"] = page["next_cursor"]

    def _request(self, method: str, path: str, **request: Any) -> Json:
        for _ in range(_TRIES):
            response = self._send(method, path, **request)
            if response.status_code not in _TRY_AGAIN:
                break
            time.sleep(_wait_seconds(response))
        if not response.is_success:
            raise LocalStackError(
                f"{method} {path} responded with {response.status_code}: {response.text[:300]}"
            )
        content: Json = response.json()
        return content

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._http.request(method, f"{self._url}{path}", **request)
        except httpx.TransportError as error:
            raise LocalStackError(f"{method} {path} got no response: {error}") from None


def _wait_seconds(response: httpx.Response) -> float:
    value = response.headers.get("retry-after", "")
    return min(float(value) if value.isdecimal() else _DEFAULT_WAIT_SECONDS, _LONGEST_WAIT_SECONDS)
