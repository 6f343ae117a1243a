"""Connections with a deadline: no call takes longer than its time, however slowly bytes drip.

httpx limits each phase of a call by itself, and each read anew, so that a server that sends a byte
now and then is never timed out. Here every wait on the socket is cut to what is left of the call.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpcore
import httpx

SHORTEST_WAIT_SECONDS: Final = 0.001


class Deadline(threading.local):
    """When the call of this thread must have ended: a call runs in the thread that makes it."""

    at: float = float("inf")

    @contextmanager
    def of(self, seconds: float) -> Iterator[None]:
        """Limit what is done inside to some seconds in all."""
        self.at = time.monotonic() + seconds
        try:
            yield
        finally:
            self.at = float("inf")

    def cut(self, timeout: float | None) -> float:
        """A timeout, or what is left of the call if that is less."""
        left = max(SHORTEST_WAIT_SECONDS, self.at - time.monotonic())
        return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.cut(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.cut(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        cut = self._deadline.cut(timeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, cut), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        cut = self._deadline.cut(timeout)
        stream = super().connect_tcp(host, port, cut, local_address, socket_options)
        return _Stream(stream, self._deadline)


class DeadlineTransport(httpx.HTTPTransport):
    """httpx's own transport on a pool whose sockets know the deadline. No proxies, no retries."""

    def __init__(self, deadline: Deadline, connections: int, verify: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=30.0,
            network_backend=_Backend(deadline),
        )
