"""Admission control: before each wave, whether calls may start, how many, and when each starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from grok_insights.analysis.calls import PROBE
from grok_insights.flow import budget
from grok_insights.flow.pace import StartTimes
from grok_insights.flow.pauses import (
    PROBE_HOLD_SECONDS,
    REASONS,
    CircuitState,
    Limits,
    PauseName,
    Reason,
    WorkerState,
    active_pause,
    needs_probe,
)

if TYPE_CHECKING:
    from grok_insights.aws.state.circuit_breaker import CircuitBreaker
    from grok_insights.aws.state.pauses import PauseStore, Trial
    from grok_insights.aws.state.spending import DailySpending, Reservation
    from grok_insights.aws.state.timetable import Timetable

NO_TIME_HOLD_SECONDS: Final = 0.0


@dataclass(frozen=True, slots=True)
class Delay:
    """No call may start for some seconds. ``reason`` is None where there is no time or no slot."""

    seconds: float
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """``size`` calls may start, each at its slot. ``reservation`` is None without a budget."""

    size: int
    start_times: StartTimes
    reservation: Reservation | None = None
    trial: Trial | None = None
    """The pause that ends if the one call succeeds."""
    is_probe: bool = False
    """The one call is about no conversation."""


@dataclass(frozen=True, slots=True)
class AdmissionControl:
    """Asks the state that all functions share."""

    pauses: PauseStore
    spending: DailySpending
    timetable: Timetable
    circuit: CircuitBreaker
    limits: Limits
    usd_per_1k: Decimal
    credits_retry_seconds: float
    now: Callable[[], datetime]

    def load_state(self) -> WorkerState:
        """Read what all functions share."""
        worker_state = self.pauses.read(self.now())
        self.circuit.learn(worker_state.circuit)
        return worker_state

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
        paused = next(iter(worker_state.timed_pauses), None)
        if paused is None:
            return self._paid(self._paced(min(size, len(texts)), room_seconds), texts)
        until = self.now().timestamp() + self.credits_retry_seconds
        trial = self.pauses.claim_trial(paused, until)
        if trial is None:
            return Delay(PROBE_HOLD_SECONDS, REASONS[paused.name])
        admission = self._paid(self._paced(1, room_seconds), texts)
        return admission if isinstance(admission, Delay) else replace(admission, trial=trial)

    def _paced(self, wanted: int, room_seconds: float) -> tuple[int, StartTimes] | Delay:
        now = self.now().timestamp()
        pace = self.limits.pace
        if pace is None:
            return wanted, StartTimes(now)
        size = min(wanted, pace.calls_within(room_seconds))
        wait = pace.longest_wait_seconds(size, room_seconds)
        start_times = self.timetable.claim(size, pace, now, wait)
        return Delay(PROBE_HOLD_SECONDS) if start_times is None else (size, start_times)

    def _paid(
        self, paced: tuple[int, StartTimes] | Delay, texts: Sequence[str]
    ) -> Admission | Delay:
        if isinstance(paced, Delay):
            return paced
        size, start_times = paced
        if not self.limits.budget_ticks:
            return Admission(size, start_times)
        day = budget.day_of(self.now())
        ticks = budget.estimated_ticks(texts[:size], self.usd_per_1k)
        reservation = self.spending.reserve(day, ticks, self.limits.budget_ticks)
        if reservation is None:
            seconds = (budget.next_day(self.now()) - self.now()).total_seconds()
            return Delay(seconds, Reason.BUDGET_SPENT)
        return Admission(size, start_times, reservation)

    def settle(self, admission: Admission, spent_ticks: int) -> None:
        """Tell what the admitted calls really cost, where there is a budget."""
        if admission.reservation is not None:
            self.spending.settle(admission.reservation, spent_ticks)

    def budget_left_ticks(self, worker_state: WorkerState, spent_ticks: int) -> int | None:
        """What is left of the day's budget after more was spent; None where it is not known."""
        if not self.limits.budget_ticks or worker_state.spent_ticks is None:
            return None
        return max(0, self.limits.budget_ticks - worker_state.spent_ticks - spent_ticks)

    def slow_down(self, seconds: float) -> None:
        """Let no function start a call for some seconds: Grok's rate limit was met."""
        pace, now = self.limits.pace, self.now().timestamp()
        if pace is not None:
            self.timetable.leave_free_until(now + seconds, pace, now)

    def credits_are_used_up(self) -> None:
        """Pause all calls for some minutes."""
        now = self.now().timestamp()
        self.pauses.pause(PauseName.CREDITS, now, now + self.credits_retry_seconds)

    def end_pause(self, trial: Trial) -> None:
        """Let calls go on after a trial that succeeded."""
        self.pauses.end_pause(trial)

    def resting_seconds(self) -> float:
        """How long the circuit keeps calls from starting, as far as this environment knows."""
        view = self.circuit.view()
        if view.state is CircuitState.CLOSED:
            return 0.0
        rest = view.opens_for_seconds(self.limits.recovery_seconds, self.now().timestamp())
        return max(rest, 1.0)
