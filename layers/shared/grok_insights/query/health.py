"""Health: whether conversations that come in are being analysed, and why not."""

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

ON_PURPOSE: Final = (Reason.OPERATOR, Reason.BUDGET_SPENT)
"""Reasons of a pause that somebody wanted: all is well, though nothing is analysed."""

MAX_AGE_SECONDS: Final = 2.0
"""How long a response serves: the check is open to everyone, and must not cost by the request."""

LONGEST_CHECK_SECONDS: Final = 3.0
"""What AWS does not answer within this time counts as unreachable."""


class Health(NamedTuple):
    """Whether all is well, and what the health check shows."""

    healthy: bool
    body: HealthBody


NO_KEY: Final[WorkerBody] = {
    "state": "paused",
    "reason": str(Reason.CONFIGURATION),
    "detail": "GROK_MODE is real and there is no API key",
}

NO_STATE: Final[WorkerBody] = {
    "state": "paused",
    "reason": str(Reason.STATE_UNREACHABLE),
    "detail": "the State table does not answer, and no call is made without it",
}


@dataclass(slots=True)
class _Known:
    health: Health | None = None
    at: float = 0.0


class _Reads(NamedTuple):
    """The three reads of a check, which run side by side."""

    worker_state: SharedRead[WorkerState]
    depth: SharedRead[int]
    dead_letters: SharedRead[int]


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The use case. ``lacks_key`` where Grok is to be asked for real and no key is set."""

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
    _known: _Known = field(init=False, default_factory=_Known)
    _reads: _Reads = field(init=False)

    def __post_init__(self) -> None:
        """Make the reads. One that a check did not wait for serves the next check."""
        reads = _Reads(
            worker_state=SharedRead(lambda: self.pauses.read(self.now())),
            depth=SharedRead(self.queue.depth),
            dead_letters=SharedRead(self.dead_letters.depth),
        )
        object.__setattr__(self, "_reads", reads)

    def __call__(self) -> Health:
        """Return whether conversations are being analysed, as it was at most two seconds ago.

        It takes `LONGEST_CHECK_SECONDS` at the most, however slowly AWS answers.
        """
        known = self._known
        if known.health is None or self.monotonic() - known.at >= MAX_AGE_SECONDS:
            known.health, known.at = self._check(), self.monotonic()
        return known.health

    def _check(self) -> Health:
        deadline = time.monotonic() + self.longest_check_seconds
        depth, dead_letters = self._reads.depth.begin(), self._reads.dead_letters.begin()
        state = _answer(self._reads.worker_state.begin(), deadline)
        worker = NO_STATE if state is None else self._worker(state)
        healthy = worker["state"] == "running" or worker["reason"] in ON_PURPOSE
        body: HealthBody = {
            "status": "healthy" if healthy else "unhealthy",
            "worker": worker,
            "circuit": circuit_word(state, self.limits, self.now()),
            "queue": {"depth": _answer(depth, deadline)},
            "dead_letters": _answer(dead_letters, deadline),
            "database": "unreachable" if state is None else "reachable",
            "batch_size": None if state is None else state.batch_size or self.smallest_batch_size,
            "mode": self.mode.value,
        }
        return Health(healthy, body)

    def _worker(self, state: WorkerState) -> WorkerBody:
        return NO_KEY if self.lacks_key else worker_status(state, self.limits, self.now())


def _answer(read: Future[T], deadline: float) -> T | None:
    """Return what a read returns; None if AWS refused it, or did not answer until the deadline."""
    try:
        return read.result(max(0.0, deadline - time.monotonic()))
    except (*AWS_FAILURES, TimeoutError):
        logger.warning("a part of the health check got no answer", exc_info=True)
        return None


def worker_status(worker_state: WorkerState, limits: PauseLimits, now: datetime) -> WorkerBody:
    """Return ``running``, or ``paused`` with the reason, since when and until when."""
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
    """Return the state of the circuit; ``half_open`` also where the next call probes."""
    if worker_state is None:
        return "unknown"
    match worker_state.circuit.state:
        case CircuitState.CLOSED:
            return "closed"
        case CircuitState.HALF_OPEN:
            return "half_open"
        case CircuitState.UNKNOWN:
            return "unknown"
    rests = worker_state.circuit.opens_for_seconds(limits.recovery_seconds, now.timestamp()) > 0
    return "open" if rests else "half_open"
