"""Admission control: before each wave, whether calls may start, how many, and when each starts.

The whole decision is made here. What the calls then change in the shared state is in `feedback`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from grok_insights.analysis.calls import PROBE
from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.flow import budget
from grok_insights.flow.pace import StartTimes
from grok_insights.flow.pauses import (
    PROBE_HOLD_SECONDS,
    REASONS,
    Limits,
    PauseName,
    Reason,
    TimedPause,
    WorkerState,
    active_pause,
    needs_probe,
)
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.aws.state.circuit_breaker import CircuitBreaker
    from grok_insights.aws.state.pauses import PauseStore, Trial
    from grok_insights.aws.state.spending import DailySpending, Reservation
    from grok_insights.aws.state.timetable import Timetable
    from grok_insights.aws.write_check import WriteCheck

AWS_HOLD_SECONDS: Final = 20.0
"""How long messages are held back when a table or the queue of AWS does not answer."""

STORAGE_RETRY_SECONDS: Final = 60.0
"""How long calls are paused after insights could not be saved, until one wave tries again."""

SAVING_SECONDS: Final = 2.0
"""Kept free at the end: time to save the last wave and to send the rest back."""


LATE_SECONDS: Final = 0.25
"""A wave whose first starting time is over for longer claims new ones."""

MAX_CLAIMS: Final = 3


@dataclass(frozen=True, slots=True)
class Delay:
    """No call may start for some seconds. ``reason`` is None where there is no time or no slot."""

    seconds: float
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """``size`` calls may start, each at its time. ``trials`` are of pauses that it may end."""

    size: int
    start_times: StartTimes
    reservation: Reservation | None = None
    trials: tuple[Trial, ...] = ()
    is_probe: bool = False
    """The one call is about no conversation."""


@dataclass(slots=True)
class LocalPause:
    """A pause of this environment alone, for a shared one that could not be written."""

    until: float = 0.0
    """In seconds of the epoch; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class AdmissionControl:
    """Asks the state that all functions share."""

    pauses: PauseStore
    spending: DailySpending
    timetable: Timetable
    circuit: CircuitBreaker
    write_check: WriteCheck
    limits: Limits
    usd_per_1k: Decimal
    credits_retry_seconds: float
    longest_call_seconds: float
    now: Callable[[], datetime]
    local: LocalPause = field(default_factory=LocalPause)

    def refresh(self) -> WorkerState | Delay:
        """Read the shared state and hand it to the circuit breaker; a delay where calls must wait.

        Without the shared state no call is made.
        """
        try:
            worker_state = self.pauses.read(self.now())
        except (*AWS_FAILURES, TimeoutError):
            logger.exception("the shared state did not answer: no call is made without it")
            return Delay(AWS_HOLD_SECONDS, Reason.STATE_UNREACHABLE)
        self.circuit.learn(worker_state.circuit)
        pause = active_pause(worker_state, self.limits, self.now())
        if pause is not None:
            return Delay(pause.seconds, pause.reason)
        local_seconds = self.local.until - self.now().timestamp()
        if local_seconds > 0:
            return Delay(local_seconds, Reason.STORAGE)
        return worker_state

    def admit(
        self, worker_state: WorkerState, texts: Sequence[str], size: int, remaining_seconds: float
    ) -> Admission | Delay:
        """Let the first of some conversations through, at most ``size`` of them, or none.

        ``remaining_seconds`` is the time that the function has left. Ask only while nothing is
        paused: `refresh` says so.
        """
        return self._decided(
            remaining_seconds, lambda room: self._wave(worker_state, texts, size, room)
        )

    def admit_probe(self, remaining_seconds: float) -> Admission | Delay:
        """Let one call through that is about no conversation, or none."""
        return self._decided(remaining_seconds, self._probe)

    def _decided(
        self, remaining_seconds: float, decide: Callable[[float], Admission | Delay]
    ) -> Admission | Delay:
        room_seconds = self.room_seconds(remaining_seconds)
        if room_seconds < 0:
            return Delay(0.0)
        begun = self.now().timestamp()
        try:
            admission = decide(room_seconds)
            if isinstance(admission, Delay):
                return admission
            return self._on_time(admission, begun + room_seconds)
        except AWS_FAILURES:
            logger.exception("the shared state did not answer: no call is made without it")
            return Delay(AWS_HOLD_SECONDS, Reason.STATE_UNREACHABLE)

    def _on_time(self, admission: Admission, latest: float) -> Admission | Delay:
        """The admission with starting times that are not over, or a delay.

        The table may answer late. Calls whose times are over would all start at once, beyond the
        pace. ``latest`` is when a call may start at the latest, in epoch seconds.
        """
        pace = self.limits.pace
        for _ in range(MAX_CLAIMS):
            now = self.now().timestamp()
            if pace is None or admission.start_times.first_at >= now - LATE_SECONDS:
                return admission
            wait = pace.longest_wait_seconds(admission.size, latest - now)
            start_times = self.timetable.claim(admission.size, pace, now, wait)
            if start_times is None:
                break
            admission = replace(admission, start_times=start_times)
        self.settle(admission, 0)
        return Delay(PROBE_HOLD_SECONDS)

    def room_seconds(self, remaining_seconds: float) -> float:
        """How long from now a call may start at the latest; below 0 where none may."""
        return remaining_seconds - self.longest_call_seconds - SAVING_SECONDS

    def settle(self, admission: Admission, spent_ticks: int) -> None:
        """Tell what the admitted calls really cost, where there is a budget.

        Raises
        ------
        ClientError, BotoCoreError
            The table did not answer; the correction is made later.
        """
        if admission.reservation is not None:
            self.spending.settle(admission.reservation, spent_ticks)

    def budget_left_ticks(self, worker_state: WorkerState, spent_ticks: int) -> int | None:
        """What is left of the day's budget after more was spent; None where it is not known."""
        if not self.limits.budget_ticks or worker_state.spent_ticks is None:
            return None
        return max(0, self.limits.budget_ticks - worker_state.spent_ticks - spent_ticks)

    def _wave(
        self, worker_state: WorkerState, texts: Sequence[str], size: int, room_seconds: float
    ) -> Admission | Delay:
        if needs_probe(worker_state):
            return self._probe(room_seconds)
        tried = worker_state.timed_pauses
        most = 1 if tried or self.local.until else min(size, len(texts))
        admission = self._paid(self._paced(most, room_seconds), texts)
        return admission if isinstance(admission, Delay) else self._tried(admission, tried)

    def _probe(self, room_seconds: float) -> Admission | Delay:
        admission = self._paid(self._paced(1, room_seconds), [PROBE.text])
        return admission if isinstance(admission, Delay) else replace(admission, is_probe=True)

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
        ticks = budget.estimated_ticks(texts[:size], self.usd_per_1k)
        day = budget.day_of(self.now())
        reservation = self.spending.reserve(day, ticks, self.limits.budget_ticks)
        if reservation is None:
            seconds = (budget.next_day(self.now()) - self.now()).total_seconds()
            return Delay(seconds, Reason.BUDGET_SPENT)
        return Admission(size, start_times, reservation)

    def _tried(self, admission: Admission, tried: Sequence[TimedPause]) -> Admission | Delay:
        """The admission with a trial of each pause whose time is over, claimed last of all.

        A wave that is refused for another reason must not use a trial up.
        """
        is_about_storage = self.local.until or any(one.name is PauseName.STORAGE for one in tried)
        if is_about_storage and not self.write_check.passes():
            self.pause_for_storage()
            return self._given_back(admission, STORAGE_RETRY_SECONDS, Reason.STORAGE)
        trials: list[Trial] = []
        for pause in tried:
            trial = self.pauses.claim_trial(pause, self._next_trial_at(pause.name))
            if trial is None:
                return self._given_back(admission, PROBE_HOLD_SECONDS, REASONS[pause.name])
            trials.append(trial)
        return replace(admission, trials=tuple(trials))

    def _given_back(self, admission: Admission, seconds: float, reason: Reason) -> Delay:
        self.settle(admission, 0)
        return Delay(seconds, reason)

    def _next_trial_at(self, name: PauseName) -> float:
        is_storage = name is PauseName.STORAGE
        seconds = STORAGE_RETRY_SECONDS if is_storage else self.credits_retry_seconds
        return self.now().timestamp() + seconds

    def pause_for_storage(self) -> None:
        """Pause all calls, since insights cannot be saved.

        Where not even that can be written, this environment alone makes no more calls.
        """
        now = self.now().timestamp()
        try:
            detail = "insights could not be saved"
            self.pauses.pause(PauseName.STORAGE, now, now + STORAGE_RETRY_SECONDS, detail)
        except AWS_FAILURES:
            logger.exception("calls could not be paused for the other functions")
            self.local.until = now + STORAGE_RETRY_SECONDS
