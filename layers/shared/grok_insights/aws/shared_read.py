"""A slow read that threads share. Each thread waits no longer than its own limit."""

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
class _CurrentRun(Generic[T]):
    future: Future[T] | None = None


@dataclass(frozen=True, slots=True)
class SharedRead(Generic[T]):
    """Runs a function in a separate thread, one run at a time.

    The timeouts of an AWS client do not limit the time of a request: they apply to each address of
    a host name and to each retry anew. Here the caller stops waiting, and the request ends later.
    """

    function: Callable[[], T]
    _lock: Lock = field(default_factory=Lock)
    _current: _CurrentRun[T] = field(default_factory=_CurrentRun)

    def begin(self) -> Future[T]:
        """Return the future of the current run, or start a run and return its future."""
        with self._lock:
            future = self._current.future
            if future is None or future.done():
                future = self._current.future = concurrent.start(self.function)
            return future

    def result(self, timeout_seconds: float) -> T:
        """Return what the function returns, or raise what it raises.

        Raises
        ------
        TimeoutError
            The function takes longer. The next caller waits for the same run.
        """
        return self.begin().result(timeout_seconds)
