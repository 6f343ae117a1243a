"""The rules that decide by the shared state whether calls to Grok are paused, and until when.

The analysis and the health check use the same rules. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from grok_insights.domain.segments import ActiveProfile
from grok_insights.flow.budget import next_day
from grok_insights.flow.pace import LONGEST_WAIT_SECONDS, Pace

UNKNOWN_END_DELAY_SECONDS: Final = 30.0
"""Delay of messages during a pause whose end is not known."""

PROBE_DELAY_SECONDS: Final = 2.0
"""Delay of messages while another function probes: about as long as a call."""


class CircuitState(StrEnum):
    """The state of the circuit as Powertools writes it, or UNKNOWN if its item is unreadable."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"
    UNKNOWN = "UNKNOWN"


class Reason(StrEnum):
    """Why no call may start."""

    OPERATOR = "paused_by_operator"
    STATE_UNREADABLE = "state_unreadable"
    STATE_UNREACHABLE = "state_unreachable"
    CONFIGURATION = "configuration"
    CIRCUIT_OPEN = "circuit_open"
    STORAGE = "storage_failed"
    CREDITS = "credits_exhausted"
    BUDGET_SPENT = "budget_spent"
    RATE_LIMITED = "rate_limited"


class PauseName(StrEnum):
    """The pauses that end with a trial: the ids of their items in the State table."""

    STORAGE = "storage"
    CREDITS = "credits"


REASONS: Final = {PauseName.STORAGE: Reason.STORAGE, PauseName.CREDITS: Reason.CREDITS}


class Blocks(StrEnum):
    """What an unreadable attribute pauses."""

    CALLS = "calls"
    PAID_CALLS = "paid_calls"
    """Calls, if there is a daily budget."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Damage:
    """An unreadable attribute of an item of the State table. ``fault`` does not quote its value."""

    item: str
    attribute: str
    fault: str
    blocks: Blocks = Blocks.CALLS

    def __str__(self) -> str:
        return f"item {self.item} of the State table: {self.attribute} {self.fault}"


@dataclass(frozen=True, slots=True)
class Circuit:
    """The circuit as it is stored. Times are whole epoch seconds."""

    state: CircuitState = CircuitState.CLOSED
    opened_at: int = 0
    lease_ends_at: int = 0
    misconfigured: str = ""
    """A sentence that names the wrong setting which opened it; empty if none did."""

    def opens_for_seconds(self, recovery_seconds: float, now: float) -> float:
        """Return seconds until a probe may go out; 0 if one may, or the circuit is closed."""
        match self.state:
            case CircuitState.OPEN:
                return max(0.0, self.opened_at + recovery_seconds - now)
            case CircuitState.HALF_OPEN:
                return min(max(0.0, self.lease_ends_at - now), PROBE_DELAY_SECONDS)
            case CircuitState.UNKNOWN:
                return UNKNOWN_END_DELAY_SECONDS
        return 0.0


@dataclass(frozen=True, slots=True)
class OperatorPause:
    """An operator paused the analysis. ``since`` is None if it is not known."""

    since: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TimedPause:
    """Calls are paused until ``until``, and then until one trial has succeeded.

    ``since`` and ``until`` are whole epoch seconds.
    """

    name: PauseName
    since: int
    until: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WorkerState:
    """The state that all functions share. None, 0 or empty means that there is no such item."""

    batch_size: int = 0
    circuit: Circuit = field(default_factory=Circuit)
    operator: OperatorPause | None = None
    timed_pauses: tuple[TimedPause, ...] = ()
    """At most one of each name. If none of them pauses calls any more, each needs its trial."""
    spent_ticks: int | None = 0
    """None if it cannot be read."""
    next_start_at: float = 0.0
    """The first free start time, in epoch seconds."""
    new_first_until: int = 0
    """Until when jobs make no calls because new conversations wait, in epoch seconds."""
    active: ActiveProfile = field(default_factory=ActiveProfile)
    """The active profile. If it cannot be read, calls are paused and this is the built-in one."""
    damage: tuple[Damage, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """No call may start for ``seconds``. ``detail`` is a sentence for people, or empty.

    If the end is not known, ``seconds`` is the delay of messages, and ``has_known_end`` is False.
    """

    reason: Reason
    seconds: float
    since: datetime | None = None
    detail: str = ""
    has_known_end: bool = True


@dataclass(frozen=True, slots=True)
class PauseLimits:
    """The settings for pauses.

    Parameters
    ----------
    recovery_seconds : float
        How long the circuit stays open before a probe.
    budget_ticks : int
        The daily budget in ticks; 0 means no limit.
    pace : Pace | None
        The pace of the calls of all functions; None means no limit.
    """

    recovery_seconds: float
    budget_ticks: int = 0
    pace: Pace | None = None


def active_pause(worker_state: WorkerState, limits: PauseLimits, now: datetime) -> Pause | None:
    """Return the first active pause in the order of the rules; None if calls may start."""
    pauses = (rule(worker_state, limits, now) for rule in _RULES)
    return next((pause for pause in pauses if pause is not None), None)


def needs_probe(worker_state: WorkerState) -> bool:
    """Return whether a probe must first find out if Grok is available again."""
    return worker_state.circuit.state is not CircuitState.CLOSED


def _operator(worker_state: WorkerState, limits: PauseLimits, now: datetime) -> Pause | None:
    del limits, now
    operator = worker_state.operator
    if operator is None:
        return None
    return Pause(
        Reason.OPERATOR,
        UNKNOWN_END_DELAY_SECONDS,
        operator.since,
        operator.reason,
        has_known_end=False,
    )


def _unreadable(worker_state: WorkerState, limits: PauseLimits, now: datetime) -> Pause | None:
    del now
    blocking = {Blocks.CALLS} | ({Blocks.PAID_CALLS} if limits.budget_ticks else set())
    faults = [str(damage) for damage in worker_state.damage if damage.blocks in blocking]
    if not faults:
        return None
    return Pause(
        Reason.STATE_UNREADABLE,
        UNKNOWN_END_DELAY_SECONDS,
        detail="; ".join(faults),
        has_known_end=False,
    )


def _open_circuit(worker_state: WorkerState, limits: PauseLimits, now: datetime) -> Pause | None:
    circuit = worker_state.circuit
    seconds = circuit.opens_for_seconds(limits.recovery_seconds, now.timestamp())
    if not seconds:
        return None
    reason = Reason.CONFIGURATION if circuit.misconfigured else Reason.CIRCUIT_OPEN
    since = datetime.fromtimestamp(circuit.opened_at, UTC)
    return Pause(reason, seconds, since, circuit.misconfigured)


def _timed(worker_state: WorkerState, limits: PauseLimits, now: datetime) -> Pause | None:
    """Return the timed pause that ends last, since calls may start only when all have ended."""
    del limits
    last = max(worker_state.timed_pauses, key=lambda pause: pause.until, default=None)
    if last is None or last.until <= now.timestamp():
        return None
    since = datetime.fromtimestamp(last.since, UTC)
    return Pause(REASONS[last.name], last.until - now.timestamp(), since, last.detail)


def _spent_budget(worker_state: WorkerState, limits: PauseLimits, now: datetime) -> Pause | None:
    if not 0 < limits.budget_ticks <= (worker_state.spent_ticks or 0):
        return None
    return Pause(Reason.BUDGET_SPENT, (next_day(now) - now).total_seconds())


def _rate_limited(worker_state: WorkerState, limits: PauseLimits, now: datetime) -> Pause | None:
    """Return a pause if the timetable is further ahead than by waves alone: after a rate limit.

    A timetable that is too far ahead is damaged and causes no pause. The next wave corrects it.
    """
    if limits.pace is None:
        return None
    wait = worker_state.next_start_at - now.timestamp()
    is_damaged = worker_state.next_start_at > limits.pace.furthest_start(now.timestamp())
    if is_damaged or wait <= LONGEST_WAIT_SECONDS + limits.pace.longest_wave_seconds:
        return None
    return Pause(Reason.RATE_LIMITED, wait)


_RULES: Final[tuple[Callable[[WorkerState, PauseLimits, datetime], Pause | None], ...]] = (
    _operator,
    _unreadable,
    _open_circuit,
    _timed,
    _spent_budget,
    _rate_limited,
)
"""In the order in which reasons are shown: first an operator's pause, then what an operator must
repair, then the pauses that end by themselves."""
