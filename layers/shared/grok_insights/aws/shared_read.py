"""A read that may be slow: threads share it, and none waits longer than its own limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from grok_insights.aws import concurrent

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


@dataclass(slots=True)
class _UnderWay(Generic[T]):
    result: Future[T] | None = None


@dataclass(frozen=True, slots=True)
class SharedRead(Generic[T]):
    """Runs a function in a thread of its own, once at a time.

    Timeouts of an AWS client do not bound a request: each address of a name, and each retry, gets
    the whole time again. Here the caller stops waiting, and the request ends by itself.
    """

    function: Callable[[], T]
    _lock: Lock = field(default_factory=Lock)
    _under_way: _UnderWay[T] = field(default_factory=_UnderWay)

    def begin(self) -> Future[T]:
        """Return the result of the run that is under way, or of a new one."""
        with self._lock:
            future = self._under_way.result
            if future is None or future.done():
                future = self._under_way.result = concurrent.start(self.function)
            return future

    def result(self, timeout_seconds: float) -> T:
        """Return what the function returns, or raise what it raises.

        Raises
        ------
        TimeoutError
            It takes longer. Whoever asks next waits for the same run.
        """
        return self.begin().result(timeout_seconds)
