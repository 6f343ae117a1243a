"""Requests to AWS side by side, in threads: boto clients are safe to share among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice
from typing import Final, TypeVar

A = TypeVar("A")
B = TypeVar("B")

THREADS: Final = 16


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="aws")


def both(one: Callable[[], A], other: Callable[[], B]) -> tuple[A, B]:
    """What both return. The first error is raised when both have ended."""
    later = _pool().submit(other)
    try:
        return one(), later.result()
    finally:
        later.exception()


def each(function: Callable[[A], B], arguments: Iterable[A]) -> list[B]:
    """The function of each argument, in order; a single one is called without a thread.

    Every call is waited for before the first error is raised.
    """
    values = list(arguments)
    if len(values) == 1:
        return [function(values[0])]
    calls = [_pool().submit(function, value) for value in values]
    for call in calls:
        call.exception()
    return [call.result() for call in calls]


def chunks(values: Iterable[A], size: int) -> Iterator[list[A]]:
    """The values in runs of at most ``size``."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk
