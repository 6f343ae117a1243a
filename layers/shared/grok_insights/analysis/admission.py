"""Admission control: decides before each wave whether calls may start, how many, and when.

The whole decision is made here. `feedback` changes the shared state after the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from grok_insights.analysis.calls import PROBE
from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.flow import budget
from grok_insights.flow.pace import StartTimes
from grok_insights.flow.pauses import (
    PROBE_DELAY_SECONDS,
    REASONS,
    PauseLimits,
    PauseName,
    Reason,
    TimedPause,
    WorkerState,
    active_pause,
    needs_probe,
)
from grok_insights.flow.priority import rework_budget
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.aws.state.circuit_breaker import CircuitBreaker
    from grok_insights.aws.state.pauses import PauseStore, Trial
    from grok_insights.aws.state.spending import DailySpending, Reservation
    from grok_insights.aws.state.timetable import Timetable
    from grok_insights.aws.write_check import WriteCheck
    from grok_insights.domain.profile import Profile

AWS_RETRY_SECONDS: Final = 20.0
"""Delay of messages when a request to DynamoDB or SQS fails."""

STORAGE_RETRY_SECONDS: Final = 60.0
"""Length of the pause after insights could not be saved. Then one wave tries again."""

SAVING_SECONDS: Final = 2.0
"""Time reserved at the end to save the last wave and to send the remaining messages again."""


LATE_SECONDS: Final = 0.25
"""If the first start time of a wave passed longer ago, the wave claims new start times."""

MAX_CLAIMS: Final = 3


@dataclass(frozen=True, slots=True)
class Delay:
    """No call may start for ``seconds``.

    ``reason`` is None if the function has no time left, no start time is free, or a job must wait.
    """

    seconds: float
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """``size`` calls may start, each at its start time.

    ``trials`` are the trials of the pauses that this wave may end.
    """

    size: int
    start_times: StartTimes
    reservation: Reservation | None = None
    trials: tuple[Trial, ...] = ()
    is_probe: bool = False
    """Whether the one call is a probe, which analyses no conversation."""


class _Wave(NamedTuple):
    """The texts that wait, how many calls may start at once, and the budget; 0 is no limit.

    ``profile`` is what the calls ask.
    """

    texts: Sequence[str]
    size: int
    budget_ticks: int
    profile: Profile


@dataclass(slots=True)
class LocalPause:
    """A pause of this execution environment only, for when the shared pause cannot be written."""

    until: float = 0.0
    """Its end in epoch seconds; 0 if there is no pause."""


@dataclass(frozen=True, slots=True)
class AdmissionControl:
    """Decides by the state that all execution environments share.

    ``overhead_tokens`` estimates the tokens of a call in addition to the conversation.
    """

    pauses: PauseStore
    spending: DailySpending
    timetable: Timetable
    circuit: CircuitBreaker
    write_check: WriteCheck
    limits: PauseLimits
    usd_per_1k: Decimal
    overhead_tokens: Callable[[Profile], int]
    credits_retry_seconds: float
    longest_call_seconds: float
    now: Callable[[], datetime]
    local: LocalPause = field(default_factory=LocalPause)

    def refresh(self) -> WorkerState | Delay:
        """Read the shared state and pass it to the circuit breaker.

        Return a delay if calls are paused or the shared state cannot be read.
        """
        try:
            worker_state = self.pauses.read(self.now())
        except (*AWS_FAILURES, TimeoutError):
            logger.exception("the shared state could not be read: no call is made without it")
            return Delay(AWS_RETRY_SECONDS, Reason.STATE_UNREACHABLE)
        self.circuit.learn(worker_state.circuit)
        pause = active_pause(worker_state, self.limits, self.now())
        if pause is not None:
            return Delay(pause.seconds, pause.reason)
        local_seconds = self.local.until - self.now().timestamp()
        if local_seconds > 0:
            return Delay(local_seconds, Reason.STORAGE)
        return worker_state

    def admit(
        self,
        worker_state: WorkerState,
        texts: Sequence[str],
        size: int,
        remaining_seconds: float,
        *,
        is_rework: bool = False,
    ) -> Admission | Delay:
        """Admit calls for the first ``size`` texts at most, or return a delay.

        ``remaining_seconds`` is the time until the function's timeout. Call `refresh` first, and
        call this only if `refresh` returned no delay. ``is_rework`` says that a job asks for the
        calls: new conversations go first, and have the last fifth of the day's budget.
        """
        new_first_seconds = worker_state.new_first_until - self.now().timestamp()
        if is_rework and new_first_seconds > 0:
            return Delay(new_first_seconds)
        budget_ticks = self.limits.budget_ticks
        budget_ticks = rework_budget(budget_ticks) if is_rework else budget_ticks
        wave = _Wave(texts, size, budget_ticks, worker_state.active.profile)
        return self._decide(
            remaining_seconds, lambda room: self._admit_wave(worker_state, wave, room)
        )

    def admit_probe(self, profile: Profile, remaining_seconds: float) -> Admission | Delay:
        """Admit one probe, which analyses no conversation, or return a delay."""
        return self._decide(remaining_seconds, lambda room: self._admit_probe(profile, room))

    def _decide(
        self, remaining_seconds: float, decide: Callable[[float], Admission | Delay]
    ) -> Admission | Delay:
        room_seconds = self.room_seconds(remaining_seconds)
        if room_seconds < 0:
            return Delay(0.0)
        latest = self.latest_start(remaining_seconds)
        try:
            admission = decide(room_seconds)
        except AWS_FAILURES:
            return _unreachable()
        return admission if isinstance(admission, Delay) else self.on_time(admission, latest)

    @contextmanager
    def given_back_on_failure(self, admission: Admission) -> Iterator[None]:
        """Give the reservation back if a step after it fails, since no call is made then."""
        try:
            yield
        except AWS_FAILURES:
            self.settle(admission, 0)
            raise

    def on_time(self, admission: Admission, latest: float) -> Admission | Delay:
        """Return the admission with start times that have not passed, or a delay.

        A response of the table may be late. Calls whose start times have passed would all start at
        once and exceed the pace, so call this after every step between an admission and its calls.
        ``latest`` is from `latest_start`.
        """
        try:
            with self.given_back_on_failure(admission):
                return self._with_new_times(admission, latest)
        except AWS_FAILURES:
            return _unreachable()

    def _with_new_times(self, admission: Admission, latest: float) -> Admission | Delay:
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
        return Delay(PROBE_DELAY_SECONDS)

    def room_seconds(self, remaining_seconds: float) -> float:
        """Return the seconds within which a call must start; below 0 if no call may start."""
        return remaining_seconds - self.longest_call_seconds - SAVING_SECONDS

    def latest_start(self, remaining_seconds: float) -> float:
        """Return the latest time at which a call may start, in epoch seconds."""
        return self.now().timestamp() + self.room_seconds(remaining_seconds)

    def settle(self, admission: Admission, spent_ticks: int) -> None:
        """Correct the day's spending by what the admitted calls cost, if there is a budget.

        Raises
        ------
        ClientError, BotoCoreError
            The request failed. The correction is made later.
        """
        if admission.reservation is not None:
            self.spending.settle(admission.reservation, spent_ticks)

    def budget_left_ticks(self, worker_state: WorkerState, spent_ticks: int) -> int | None:
        """Return what is left of the day's budget in ticks; None if it is not known.

        ``spent_ticks`` were spent after ``worker_state`` was read.
        """
        if not self.limits.budget_ticks or worker_state.spent_ticks is None:
            return None
        return max(0, self.limits.budget_ticks - worker_state.spent_ticks - spent_ticks)

    def _admit_wave(
        self, worker_state: WorkerState, wave: _Wave, room_seconds: float
    ) -> Admission | Delay:
        if needs_probe(worker_state):
            return self._admit_probe(wave.profile, room_seconds)
        ended_pauses = worker_state.timed_pauses
        largest = 1 if ended_pauses or self.local.until else min(wave.size, len(wave.texts))
        admission = self._reserve_budget(self._claim_starts(largest, room_seconds), wave)
        if isinstance(admission, Delay):
            return admission
        with self.given_back_on_failure(admission):
            return self._claim_trials(admission, ended_pauses)

    def _admit_probe(self, profile: Profile, room_seconds: float) -> Admission | Delay:
        probe = _Wave([PROBE.text], 1, self.limits.budget_ticks, profile)
        admission = self._reserve_budget(self._claim_starts(1, room_seconds), probe)
        return admission if isinstance(admission, Delay) else replace(admission, is_probe=True)

    def _claim_starts(self, wanted: int, room_seconds: float) -> tuple[int, StartTimes] | Delay:
        now = self.now().timestamp()
        pace = self.limits.pace
        if pace is None:
            return wanted, StartTimes(now)
        size = min(wanted, pace.calls_within(room_seconds))
        wait = pace.longest_wait_seconds(size, room_seconds)
        start_times = self.timetable.claim(size, pace, now, wait)
        return Delay(PROBE_DELAY_SECONDS) if start_times is None else (size, start_times)

    def _reserve_budget(
        self, claim: tuple[int, StartTimes] | Delay, wave: _Wave
    ) -> Admission | Delay:
        if isinstance(claim, Delay):
            return claim
        size, start_times = claim
        if not wave.budget_ticks:
            return Admission(size, start_times)
        overhead = self.overhead_tokens(wave.profile)
        ticks = budget.estimated_ticks(wave.texts[:size], self.usd_per_1k, overhead)
        day = budget.day_of(self.now())
        reservation = self.spending.reserve(day, ticks, wave.budget_ticks)
        if reservation is None:
            seconds = (budget.next_day(self.now()) - self.now()).total_seconds()
            is_whole = wave.budget_ticks == self.limits.budget_ticks
            return Delay(seconds, Reason.BUDGET_SPENT if is_whole else None)
        return Admission(size, start_times, reservation)

    def _claim_trials(
        self, admission: Admission, ended_pauses: Sequence[TimedPause]
    ) -> Admission | Delay:
        """Return the admission with a trial of each pause whose time is over.

        This step is the last one, so that a wave that is refused for another reason claims no
        trial.
        """
        has_storage_trial = self.local.until or any(
            pause.name is PauseName.STORAGE for pause in ended_pauses
        )
        if has_storage_trial and not self.write_check.passes():
            self.pause_for_storage()
            return self._cancel(admission, STORAGE_RETRY_SECONDS, Reason.STORAGE)
        trials: list[Trial] = []
        for pause in ended_pauses:
            trial = self.pauses.claim_trial(pause, self._next_trial_at(pause.name))
            if trial is None:
                return self._cancel(admission, PROBE_DELAY_SECONDS, REASONS[pause.name])
            trials.append(trial)
        return replace(admission, trials=tuple(trials))

    def _cancel(self, admission: Admission, seconds: float, reason: Reason) -> Delay:
        self.settle(admission, 0)
        return Delay(seconds, reason)

    def _next_trial_at(self, name: PauseName) -> float:
        is_storage = name is PauseName.STORAGE
        seconds = STORAGE_RETRY_SECONDS if is_storage else self.credits_retry_seconds
        return self.now().timestamp() + seconds

    def pause_for_storage(self) -> None:
        """Pause all calls because insights cannot be saved.

        If the pause cannot be written either, only this execution environment makes no calls.
        """
        now = self.now().timestamp()
        try:
            detail = "insights could not be saved"
            self.pauses.pause(PauseName.STORAGE, now, now + STORAGE_RETRY_SECONDS, detail)
        except AWS_FAILURES:
            logger.exception("calls could not be paused for other execution environments")
            self.local.until = now + STORAGE_RETRY_SECONDS


def _unreachable() -> Delay:
    """Log the AWS error that is being handled, and return the delay after it."""
    logger.exception("the shared state could not be changed: no call is made without it")
    return Delay(AWS_RETRY_SECONDS, Reason.STATE_UNREACHABLE)
