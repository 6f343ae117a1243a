"""Health: whether conversations that come in are being analysed, and what stands in the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.domain import timestamps
from grok_insights.flow.pauses import CircuitState, Limits, Reason, WorkerState, active_pause

if TYPE_CHECKING:
    from grok_insights.aws.queue import AnalysisQueue
    from grok_insights.aws.state.pauses import PauseStore
    from grok_insights.settings import GrokMode

ON_PURPOSE: Final = (Reason.OPERATOR, Reason.BUDGET_SPENT)
"""Reasons of a pause that somebody wanted: all is well, though nothing is analysed."""

NO_KEY: Final = {
    "state": "paused",
    "reason": str(Reason.CONFIGURATION),
    "detail": "GROK_MODE is real and there is no API key",
}


MAX_AGE_SECONDS: Final = 2.0
"""How long an answer serves: the check is open to everyone, and must not cost by the request."""


class Health(NamedTuple):
    """Whether all is well, and what the health check shows."""

    healthy: bool
    body: dict[str, Any]


@dataclass(slots=True)
class _Known:
    health: Health | None = None
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The use case. ``lacks_key`` where Grok is to be asked for real and no key is set."""

    pauses: PauseStore
    queue: AnalysisQueue
    dead_letters: AnalysisQueue
    limits: Limits
    mode: GrokMode
    lacks_key: bool
    smallest_batch_size: int
    now: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    _known: _Known = field(default_factory=_Known)

    def __call__(self) -> Health:
        """Whether conversations that come in are being analysed, at most two seconds ago."""
        known = self._known
        if known.health is None or self.monotonic() - known.at >= MAX_AGE_SECONDS:
            known.health, known.at = self._look(), self.monotonic()
        return known.health

    def _look(self) -> Health:
        try:
            worker_state = self.pauses.read(self.now()).worker_state
        except (*AWS_FAILURES, TimeoutError):
            return Health(healthy=False, body={"status": "unhealthy", "database": "unreachable"})
        worker = self._worker(worker_state)
        healthy = worker["state"] == "running" or worker["reason"] in ON_PURPOSE
        return Health(
            healthy=healthy,
            body={
                "status": "healthy" if healthy else "unhealthy",
                "worker": worker,
                "circuit": circuit_status(worker_state, self.limits, self.now()),
                "queue": {"depth": self.queue.depth()},
                "dead_letters": self.dead_letters.depth(),
                "database": "reachable",
                "batch_size": worker_state.batch_size or self.smallest_batch_size,
                "mode": self.mode,
            },
        )

    def _worker(self, worker_state: WorkerState) -> dict[str, Any]:
        return NO_KEY if self.lacks_key else worker_status(worker_state, self.limits, self.now())


def worker_status(worker_state: WorkerState, limits: Limits, now: datetime) -> dict[str, Any]:
    """``running``, or ``paused`` with the reason, since when and until when, as far as known."""
    stop = active_pause(worker_state, limits, now)
    if stop is None:
        return {"state": "running"}
    found = {"state": "paused", "reason": str(stop.reason)}
    if stop.detail:
        found["detail"] = stop.detail
    if stop.since is not None:
        found["since"] = timestamps.to_text(stop.since)
    if stop.reason is not Reason.OPERATOR:
        found["until"] = timestamps.to_text(now + timedelta(seconds=stop.seconds))
    return found


def circuit_status(worker_state: WorkerState, limits: Limits, now: datetime) -> str:
    """``closed``, ``open``, or ``half_open`` where the next call probes, or one does already."""
    if worker_state.circuit.state is not CircuitState.OPEN:
        return worker_state.circuit.state.lower()
    rests = worker_state.circuit.opens_for_seconds(limits.recovery_seconds, now.timestamp()) > 0
    return "open" if rests else "half_open"
