"""Admission control: before each wave, whether calls may start, how many, and when each starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from grok_insights.analysis.calls import PROBE
from grok_insights.flow import budget
from grok_insights.flow.pace import Pace, StartTimes
from grok_insights.flow.pauses import (
    PROBE_HOLD_SECONDS,
    CircuitState,
    Limits,
    Reason,
    WorkerState,
    active_pause,
    needs_probe,
)

if TYPE_CHECKING:
    from grok_insights.aws.state.circuit_breaker import CircuitBreaker
    from grok_insights.aws.state.pauses import PauseStore

NO_TIME_HOLD_SECONDS: Final = 0.0
LONGEST_WAIT_SECONDS: Final = 5.0
"""A wave that would have to wait longer for its turn goes back to the queue, which costs less."""


@dataclass(frozen=True, slots=True)
class Delay:
    """No call may start for some seconds. ``reason`` is None where there is no time or no slot."""

    seconds: float
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """``size`` calls may start, each at its slot; ``reserved_ticks`` of that day's budget."""

    size: int
    start_times: StartTimes
    day: str
    reserved_ticks: int = 0
    tries_credits: bool = False
    is_probe: bool = False
    """The one call is about no conversation."""


@dataclass(frozen=True, slots=True)
class AdmissionControl:
    """Asks the state that all functions share. ``pace`` None means that nothing is paced."""

    pauses: PauseStore
    circuit: CircuitBreaker
    limits: Limits
    pace: Pace | None
    usd_per_1k: Decimal
    credits_retry_seconds: float
    now: Callable[[], datetime]

    def load_state(self) -> WorkerState:
        """Read what all functions share."""
        seen = self.pauses.read(self.now())
        self.circuit.learn(seen.circuit)
        return seen.worker_state

    def admit(
        self, worker_state: WorkerState, texts: Sequence[str], size: int, room_seconds: float
    ) -> Admission | Delay:
        """Let the first of some conversations through, at most ``size`` of them, or none.

        ``room_seconds`` is how long from now a call may start at the latest.
        """
        if room_seconds < 0:
            return Delay(NO_TIME_HOLD_SECONDS)
        stop = active_pause(worker_state, self.limits, self.now())
        if stop is not None:
            return Delay(stop.seconds, stop.reason)
        if needs_probe(worker_state):
            admission = self._paid(self._paced(1, room_seconds), [PROBE.text])
            return admission if isinstance(admission, Delay) else replace(admission, is_probe=True)
        if worker_state.credits_since is None:
            return self._paid(self._paced(min(size, len(texts)), room_seconds), texts)
        if not self._claims_credits_trial(worker_state):
            return Delay(PROBE_HOLD_SECONDS, Reason.CREDITS)
        admission = self._paid(self._paced(1, room_seconds), texts)
        return admission if isinstance(admission, Delay) else replace(admission, tries_credits=True)

    def _claims_credits_trial(self, worker_state: WorkerState) -> bool:
        until = self.now().timestamp() + self.credits_retry_seconds
        return self.pauses.claim_credits_trial(worker_state.credits_until, until)

    def _paced(self, wanted: int, room_seconds: float) -> tuple[int, StartTimes] | Delay:
        now = self.now().timestamp()
        if self.pace is None:
            return wanted, StartTimes(now)
        size = min(wanted, self.pace.calls_within(room_seconds))
        wait = min(LONGEST_WAIT_SECONDS, room_seconds - (size - 1) / self.pace.per_second)
        start_times = self.pauses.claim_start_times(size, self.pace, now, wait)
        return Delay(PROBE_HOLD_SECONDS) if start_times is None else (size, start_times)

    def _paid(
        self, paced: tuple[int, StartTimes] | Delay, texts: Sequence[str]
    ) -> Admission | Delay:
        if isinstance(paced, Delay):
            return paced
        (size, start_times), day = paced, budget.day_of(self.now())
        if not self.limits.budget_ticks:
            return Admission(size, start_times, day)
        ticks = budget.estimated_ticks(texts[:size], self.usd_per_1k)
        if not self.pauses.reserve(day, ticks, self.limits.budget_ticks):
            seconds = (budget.next_day(self.now()) - self.now()).total_seconds()
            return Delay(seconds, Reason.BUDGET_SPENT)
        return Admission(size, start_times, day, ticks)

    def settle(self, admission: Admission, spent_ticks: int) -> None:
        """Tell what the admitted calls really cost, where there is a budget."""
        if self.limits.budget_ticks:
            self.pauses.settle(admission.day, spent_ticks - admission.reserved_ticks)

    def budget_left_ticks(self, worker_state: WorkerState, spent_ticks: int) -> int | None:
        """What is left of the day's budget after more was spent; None where there is none."""
        if not self.limits.budget_ticks:
            return None
        return max(0, self.limits.budget_ticks - worker_state.spent_ticks - spent_ticks)

    def slow_down(self, seconds: float) -> None:
        """Let no function start a call for some seconds: Grok's rate limit was met."""
        if self.pace is not None:
            self.pauses.leave_no_start_before(self.now().timestamp() + seconds)

    def credits_are_used_up(self) -> None:
        """Pause all calls for some minutes."""
        now = self.now().timestamp()
        self.pauses.pause_for_credits(now, now + self.credits_retry_seconds)

    def credits_are_back(self) -> None:
        """Let calls go on after a trial that Grok answered."""
        self.pauses.end_credits_pause()

    def resting_seconds(self) -> float:
        """How long the circuit keeps calls from starting, as far as this environment knows."""
        view = self.circuit.view()
        if view.state is CircuitState.CLOSED:
            return 0.0
        rest = view.opens_for_seconds(self.limits.recovery_seconds, self.now().timestamp())
        return max(rest, 1.0)
