"""Connections with a deadline: no call takes longer, even if the server sends bytes slowly.

httpx limits each phase and each read separately, so a server that sends single bytes causes no
timeout. Here each wait on the socket is limited to the remaining time of the call, and a call ends
at its deadline even if bytes still arrive.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import httpcore
import httpx

RESOLVER_THREADS: Final = 4
"""Host names resolved concurrently. A resolver cannot be interrupted, so it runs in a thread."""

Resolve = Callable[[str, int, float], list[str]]
"""A function of a host, a port and a timeout in seconds that returns the host's addresses."""


class Deadline(threading.local):
    """The end of the current call of a thread, in monotonic seconds."""

    at: float = float("inf")

    @contextmanager
    def of(self, seconds: float) -> Iterator[None]:
        """Limit the total time of the block to ``seconds``."""
        self.at = time.monotonic() + seconds
        try:
            yield
        finally:
            self.at = float("inf")

    def cut(self, timeout: float | None, over: type[Exception]) -> float:
        """Return a timeout, or the remaining time of the call if that is less; always above 0.

        Raises
        ------
        Exception
            No time is left: an error of the type ``over``.
        """
        left = self.at - time.monotonic()
        if left <= 0:
            raise over("the time of the call is over")
        return left if timeout is None else min(timeout, left)


@cache
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolver")


def addresses_of(host: str, port: int, seconds: float) -> list[str]:
    """Return the addresses of a host in the order in which to try them, each once."""
    future: Future[list[Any]] = _resolvers().submit(
        socket.getaddrinfo, host, port, type=socket.SOCK_STREAM
    )
    try:
        records = future.result(timeout=seconds)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout("the name was not resolved in time") from error
    except OSError as error:
        raise httpcore.ConnectError("the name cannot be resolved") from error
    return list(dict.fromkeys(record[4][0] for record in records))


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.cut(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all bytes. httpcore would apply the whole timeout to each part that is sent."""
        connection: socket.socket = self._inner.get_extra_info("socket")
        rest = memoryview(buffer)
        while rest:
            connection.settimeout(self._deadline.cut(timeout, httpcore.WriteTimeout))
            try:
                rest = rest[connection.send(rest) :]
            except TimeoutError as error:
                raise httpcore.WriteTimeout("the request was not taken in time") from error
            except OSError as error:
                raise httpcore.WriteError("the request was not taken") from error

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        cut = self._deadline.cut(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, cut), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def __init__(self, deadline: Deadline, resolve: Resolve) -> None:
        self._deadline, self._resolve = deadline, resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that accepts, within ``timeout`` seconds for all addresses.

        The remaining time is divided evenly among the remaining addresses. The standard library
        would apply the whole timeout to each address.
        """
        give_up_at = time.monotonic() + self._deadline.cut(timeout, httpcore.ConnectTimeout)
        addresses = self._resolve(host, port, give_up_at - time.monotonic())
        for place, address in enumerate(addresses):
            share = (give_up_at - time.monotonic()) / (len(addresses) - place)
            cut = self._deadline.cut(max(share, 0.001), httpcore.ConnectTimeout)
            try:
                stream = super().connect_tcp(address, port, cut, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if address is addresses[-1]:
                    raise
            else:
                return _Stream(stream, self._deadline)
        raise httpcore.ConnectError("the name has no address")


class DeadlineTransport(httpx.HTTPTransport):
    """httpx's transport with a connection pool that applies the deadline. No proxies or retries."""

    def __init__(
        self,
        deadline: Deadline,
        connections: int,
        verify: ssl.SSLContext,
        resolve: Resolve = addresses_of,
    ) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=30.0,
            network_backend=_Backend(deadline, resolve),
        )
