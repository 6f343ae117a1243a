"""Requests to AWS side by side, in threads: boto clients are safe to share among them.

The threads are those of one pool of this module, unless ``executor`` names another one for the
context at hand: a simulation runs them in an order of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import ContextVar
from functools import cache
from itertools import islice
from threading import Thread
from typing import Final, TypeVar

A = TypeVar("A")
B = TypeVar("B")

THREADS: Final = 16

executor: Final[ContextVar[Executor | None]] = ContextVar("executor", default=None)
"""Runs the requests of this context; None for the pool of this module."""


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="aws")


def _pool() -> Executor:
    return executor.get() or _threads()


def both(one: Callable[[], A], other: Callable[[], B]) -> tuple[A, B]:
    """What both return. The first error is raised when both have ended."""
    later = _pool().submit(other)
    try:
        return one(), later.result()
    finally:
        later.exception()


def start(function: Callable[[], A]) -> Future[A]:
    """Run a function in a thread of its own, and return what will be its result."""
    pool = executor.get()
    if pool is not None:
        return pool.submit(function)
    future: Future[A] = Future()
    Thread(target=_run, args=(future, function), daemon=True).start()
    return future


def _run(future: Future[A], function: Callable[[], A]) -> None:
    try:
        future.set_result(function())
    except BaseException as error:  # noqa: BLE001 - it is raised in the threads that wait
        future.set_exception(error)


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
