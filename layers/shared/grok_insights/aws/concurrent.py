"""Makes concurrent requests to AWS in threads. botocore's clients are thread-safe.

The threads are those of this module's pool, unless ``executor`` is set in the current context: a
simulation runs the requests in an order of its own.
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
"""Runs the requests of the current context; None means the pool of this module."""


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="aws")


def _pool() -> Executor:
    return executor.get() or _threads()


def both(first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """Call two functions concurrently, and return both results.

    An error is raised after both calls have ended.
    """
    future = _pool().submit(second)
    try:
        return first(), future.result()
    finally:
        future.exception()


def start(function: Callable[[], A]) -> Future[A]:
    """Run a function in a new thread, and return the future of its result."""
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
    """Call a function for each argument concurrently, and return the results in order.

    A single call is made without a thread. An error is raised after all calls have ended.
    """
    values = list(arguments)
    if len(values) == 1:
        return [function(values[0])]
    calls = [_pool().submit(function, value) for value in values]
    for call in calls:
        call.exception()
    return [call.result() for call in calls]


def chunks(values: Iterable[A], size: int) -> Iterator[list[A]]:
    """Yield the values in lists of at most ``size``."""
    remaining = iter(values)
    while chunk := list(islice(remaining, size)):
        yield chunk
