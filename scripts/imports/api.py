"""A client of the API for uploads and jobs that waits when the API asks it to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx

TRIES: Final = 8
AGAIN: Final = frozenset({429, 500, 502, 503, 504})

REQUEST_SECONDS: Final = 40.0
"""Longer than the 29 seconds after which API Gateway gives a request up."""

UPLOAD_SECONDS: Final = 300.0
"""The most for one part of a file."""

Json = dict[str, Any]


class ImportFailed(Exception):
    """The import cannot continue. The message is for the user."""


class Api:
    """The client. ``storage`` sends parts of files, without the API's key."""

    def __init__(
        self,
        client: httpx.Client,
        storage: httpx.Client,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client, self.storage, self.sleep = client, storage, sleep

    def get(self, path: str) -> Json:
        """Return what is under a path."""
        return self._sent(self.client, "GET", path).json()  # type: ignore[no-any-return]

    def find(self, path: str) -> Json | None:
        """Return what is under a path; None if there is nothing."""
        response = self._sent(self.client, "GET", path, {200, 404})
        return response.json() if response.status_code == httpx.codes.OK else None

    def post(self, path: str, body: Json | None = None) -> Json:
        """Return the response to a POST."""
        content = {} if body is None else {"json": body}
        return self._sent(self.client, "POST", path, {200, 201, 202}, **content).json()  # type: ignore[no-any-return]

    def put(self, url: str, content: bytes) -> bool:
        """Send a part of a file; return False if its address is no longer valid."""
        response = self._sent(self.storage, "PUT", url, {200, 403}, content=content)
        return response.status_code == httpx.codes.OK

    def _sent(
        self,
        client: httpx.Client,
        method: str,
        path: str,
        expected: set[int] | None = None,
        **more: Any,
    ) -> httpx.Response:
        for attempt in range(TRIES):
            wait = 2.0**attempt
            try:
                response = client.request(method, path, **more)
            except httpx.TransportError:
                self.sleep(wait)
                continue
            if response.status_code in (expected or {200}):
                return response
            if response.status_code not in AGAIN:
                raise ImportFailed(_refusal(response))
            self.sleep(float(response.headers.get("retry-after", wait)))
        raise ImportFailed(f"no response, after {TRIES} tries")


@contextmanager
def connected(
    url: str,
    headers: Mapping[str, str],
    sleep: Callable[[float], None] = time.sleep,
    *,
    use_proxy: bool = True,
) -> Iterator[Api]:
    """Open the connections to an API and to the storage of its uploads.

    ``headers`` has the API's key, and is not sent to the storage. ``use_proxy`` says
    that a proxy that the environment names is used.
    """
    with (
        httpx.Client(
            base_url=url, headers=headers, timeout=REQUEST_SECONDS, trust_env=use_proxy
        ) as client,
        httpx.Client(timeout=UPLOAD_SECONDS, trust_env=use_proxy) as storage,
    ):
        yield Api(client, storage, sleep)


def _refusal(response: httpx.Response) -> str:
    try:
        problem = response.json()
        faults = [f"{one['location']} {one['message']}" for one in problem.get("errors", [])]
        return "; ".join([problem["detail"], *faults])
    except (ValueError, KeyError):
        return f"the response has the status {response.status_code}"
