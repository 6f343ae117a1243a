"""What stops calls to Grok, and until when: the rules over the state that all functions share.

The same rules tell the analysis what to do and operators what is going on. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from grok_insights.flow.budget import next_day

OPERATOR_HOLD_SECONDS: Final = 30.0
"""How long messages are held back while an operator's pause lasts: its end is not known."""

PROBE_HOLD_SECONDS: Final = 2.0
"""How long messages are held back while another function probes: about as long as a call."""


class CircuitState(StrEnum):
    """The circuit to Grok, as Powertools writes it."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Reason(StrEnum):
    """Why no call may start."""

    OPERATOR = "paused_by_operator"
    CONFIGURATION = "configuration"
    CIRCUIT_OPEN = "circuit_open"
    CREDITS = "credits_exhausted"
    BUDGET_SPENT = "budget_spent"


@dataclass(frozen=True, slots=True)
class Circuit:
    """The circuit as it stands in the table; times are in seconds of the epoch."""

    state: CircuitState = CircuitState.CLOSED
    opened_at: float = 0.0
    lease_ends_at: float = 0.0
    misconfigured: str = ""
    """Which wrong setting opened it, in a sentence; empty where none did."""

    def opens_for_seconds(self, recovery_seconds: float, now: float) -> float:
        """Seconds until a probe may go out; 0 where one may, or the circuit is closed."""
        match self.state:
            case CircuitState.OPEN:
                return max(0.0, self.opened_at + recovery_seconds - now)
            case CircuitState.HALF_OPEN:
                return min(max(0.0, self.lease_ends_at - now), PROBE_HOLD_SECONDS)
        return 0.0


@dataclass(frozen=True, slots=True)
class WorkerState:
    """What all functions share. None of an item means that there is none."""

    batch_size: int = 0
    circuit: Circuit = field(default_factory=Circuit)
    operator_since: str | None = None
    operator_reason: str = ""
    credits_since: float | None = None
    credits_until: float = 0.0
    spent_ticks: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """No call may start for ``seconds``. ``detail`` is a sentence for people, or empty."""

    reason: Reason
    seconds: float
    since: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long an open circuit rests, and what a day may cost: 0 ticks mean no limit."""

    recovery_seconds: float
    budget_ticks: int = 0


def active_pause(worker_state: WorkerState, limits: Limits, now: datetime) -> Pause | None:
    """Why no call may start now; None where calls may."""
    seconds = now.timestamp()
    if worker_state.operator_since is not None:
        since = _instant(worker_state.operator_since)
        return Pause(Reason.OPERATOR, OPERATOR_HOLD_SECONDS, since, worker_state.operator_reason)
    resting = worker_state.circuit.opens_for_seconds(limits.recovery_seconds, seconds)
    if resting:
        circuit = worker_state.circuit
        reason = Reason.CONFIGURATION if circuit.misconfigured else Reason.CIRCUIT_OPEN
        since = datetime.fromtimestamp(circuit.opened_at, UTC)
        return Pause(reason, resting, since, circuit.misconfigured)
    if worker_state.credits_since is not None and seconds < worker_state.credits_until:
        since = datetime.fromtimestamp(worker_state.credits_since, UTC)
        return Pause(Reason.CREDITS, worker_state.credits_until - seconds, since)
    if 0 < limits.budget_ticks <= worker_state.spent_ticks:
        return Pause(Reason.BUDGET_SPENT, (next_day(now) - now).total_seconds())
    return None


def needs_probe(worker_state: WorkerState) -> bool:
    """Whether a call that is about no conversation must find out first if Grok is well again."""
    return worker_state.circuit.state is not CircuitState.CLOSED


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
