"""The health check: whether conversations are being analysed, and why not."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.aws.shared_read import SharedRead
from grok_insights.domain import timestamps
from grok_insights.flow.pauses import CircuitState, PauseLimits, Reason, WorkerState, active_pause
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.aws.queue import AnalysisQueue
    from grok_insights.aws.state.pauses import PauseStore
    from grok_insights.bodies.health import CircuitWord, HealthBody, WorkerBody
    from grok_insights.settings import GrokMode

T = TypeVar("T")

INTENDED_PAUSES: Final = (Reason.OPERATOR, Reason.BUDGET_SPENT)
"""Reasons of intended pauses, during which the service is healthy."""

HEALTH_CACHE_SECONDS: Final = 2.0
"""How long a result is cached. The route needs no key, so its cost must not grow with requests."""

LONGEST_CHECK_SECONDS: Final = 3.0
"""A read that takes longer counts as failed."""


class Health(NamedTuple):
    """Whether the service is healthy, and the body of the response."""

    healthy: bool
    body: HealthBody


NO_KEY_STATUS: Final[WorkerBody] = {
    "state": "paused",
    "reason": str(Reason.CONFIGURATION),
    "detail": "GROK_MODE is real and there is no API key",
}

NO_STATE_STATUS: Final[WorkerBody] = {
    "state": "paused",
    "reason": str(Reason.STATE_UNREACHABLE),
    "detail": "the State table cannot be read, and no call is made without it",
}


@dataclass(slots=True)
class _CachedHealth:
    health: Health | None = None
    at: float = 0.0


class _Reads(NamedTuple):
    """The three reads of a check, which are concurrent."""

    worker_state: SharedRead[WorkerState]
    depth: SharedRead[int]
    dead_letters: SharedRead[int]


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The use case. ``lacks_key`` is True if the mode is real and no key is set."""

    pauses: PauseStore
    queue: AnalysisQueue
    dead_letters: AnalysisQueue
    limits: PauseLimits
    mode: GrokMode
    lacks_key: bool
    smallest_batch_size: int
    now: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    longest_check_seconds: float = LONGEST_CHECK_SECONDS
    _cached: _CachedHealth = field(init=False, default_factory=_CachedHealth)
    _reads: _Reads = field(init=False)

    def __post_init__(self) -> None:
        """Make the reads. The next check uses a read for which a check did not wait."""
        reads = _Reads(
            worker_state=SharedRead(lambda: self.pauses.read(self.now())),
            depth=SharedRead(self.queue.depth),
            dead_letters=SharedRead(self.dead_letters.depth),
        )
        object.__setattr__(self, "_reads", reads)

    def __call__(self) -> Health:
        """Return whether conversations are being analysed, at most two seconds ago.

        It takes at most `LONGEST_CHECK_SECONDS`, even if AWS is slow.
        """
        cached = self._cached
        if cached.health is None or self.monotonic() - cached.at >= HEALTH_CACHE_SECONDS:
            cached.health, cached.at = self._check(), self.monotonic()
        return cached.health

    def _check(self) -> Health:
        deadline = self.monotonic() + self.longest_check_seconds
        depth, dead_letters = self._reads.depth.begin(), self._reads.dead_letters.begin()
        state = self._result_or_none(self._reads.worker_state.begin(), deadline)
        worker = NO_STATE_STATUS if state is None else self._worker(state)
        healthy = worker["state"] == "running" or worker["reason"] in INTENDED_PAUSES
        body: HealthBody = {
            "status": "healthy" if healthy else "unhealthy",
            "worker": worker,
            "circuit": circuit_word(state, self.limits, self.now()),
            "queue": {"depth": self._result_or_none(depth, deadline)},
            "dead_letters": self._result_or_none(dead_letters, deadline),
            "database": "unreachable" if state is None else "reachable",
            "batch_size": None if state is None else state.batch_size or self.smallest_batch_size,
            "mode": self.mode.value,
        }
        return Health(healthy, body)

    def _worker(self, state: WorkerState) -> WorkerBody:
        return NO_KEY_STATUS if self.lacks_key else worker_status(state, self.limits, self.now())

    def _result_or_none(self, read: Future[T], deadline: float) -> T | None:
        """Return the result of a read; None if it failed or did not end before the deadline."""
        try:
            return read.result(max(0.0, deadline - self.monotonic()))
        except (*AWS_FAILURES, TimeoutError):
            logger.warning("a read of the health check failed", exc_info=True)
            return None


def worker_status(worker_state: WorkerState, limits: PauseLimits, now: datetime) -> WorkerBody:
    """Return ``running``, or ``paused`` with the reason, the start and the end."""
    pause = active_pause(worker_state, limits, now)
    if pause is None:
        return {"state": "running"}
    status: WorkerBody = {"state": "paused", "reason": str(pause.reason)}
    if pause.detail:
        status["detail"] = pause.detail
    if pause.since is not None:
        status["since"] = timestamps.to_text(pause.since)
    if pause.has_known_end:
        status["until"] = timestamps.to_text(now + timedelta(seconds=pause.seconds))
    return status


def circuit_word(
    worker_state: WorkerState | None, limits: PauseLimits, now: datetime
) -> CircuitWord:
    """Return the state of the circuit; ``half_open`` also if the next call is a probe."""
    if worker_state is None:
        return "unknown"
    match worker_state.circuit.state:
        case CircuitState.CLOSED:
            return "closed"
        case CircuitState.HALF_OPEN:
            return "half_open"
        case CircuitState.UNKNOWN:
            return "unknown"
    seconds = worker_state.circuit.opens_for_seconds(limits.recovery_seconds, now.timestamp())
    return "open" if seconds > 0 else "half_open"
