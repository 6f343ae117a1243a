"""A batch from the queue: read once, asked of Grok in waves, and saved wave by wave.

What cannot be asked now goes back to the queue before the batch ends, so that no conversation is
lost and none waits for a visibility timeout without need. The order is what makes it safe to die
at any point: an insight is saved before its message leaves the queue, a failed one before its dead
letter is sent, and a message is sent again before the old one is acknowledged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.analysis import batch_size
from grok_insights.analysis.admission import Admission, Delay
from grok_insights.analysis.outcomes import AWS_HOLD_SECONDS
from grok_insights.analysis.report import Report, emit, totals_of
from grok_insights.aws import concurrent
from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.aws.queue import DeadLetterReason
from grok_insights.errors import (
    AnalysisError,
    ConfigurationError,
    CreditsError,
    TransientError,
)
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.analysis.admission import AdmissionControl
    from grok_insights.analysis.batch_size import BatchSizeLimits
    from grok_insights.analysis.calls import Call, Caller, CallResult
    from grok_insights.analysis.outcomes import Outcomes
    from grok_insights.analysis.requeue import Requeue
    from grok_insights.aws.queue import AnalysisQueue, Message
    from grok_insights.aws.state.counters import StateCounters
    from grok_insights.aws.worklist import Work, Worklist
    from grok_insights.flow.pauses import WorkerState

SAVING_SECONDS: Final = 2.0
"""Kept free at the end: time to save the last wave and to send the rest back."""

LAST_RECEIVE: Final = 5
"""The queue's ``maxReceiveCount``: what ends the function once more is dropped by SQS."""

SMALL_BATCH: Final = 10

RATE_LIMITED: Final = ("rate_limited", "at_capacity")
SLOW_DOWN_SECONDS: Final = 1.0
"""Grok's limit is per second: after meeting it, no function starts a call for so long."""

TROUBLE: Final = (TransientError, ConfigurationError, CreditsError)
"""Errors that halve the batch size: a conversation that Grok refuses says nothing about Grok."""


@dataclass(frozen=True, slots=True)
class BatchAnalysis:
    """The use case. One instance serves many batches, one after another.

    ``crowded_depth`` is how many messages may wait before the batch size is halved and Lambda is
    left to scale out.
    """

    worklist: Worklist
    admission_control: AdmissionControl
    caller: Caller
    outcomes: Outcomes
    requeue: Requeue
    counters: StateCounters
    queue: AnalysisQueue
    limits: BatchSizeLimits
    crowded_depth: int
    now: Callable[[], datetime]

    def batch(self, messages: Sequence[Message], remaining_seconds: Callable[[], float]) -> Report:
        """Analyse what the messages ask for, as far as the time and Grok allow."""
        oldest = min((message.enqueued_at for message in messages), default=None)
        report = Report(received=len(messages), oldest=oldest)
        try:
            worker_state, todo = concurrent.both(
                self.admission_control.load_state, lambda: self.worklist.read(messages)
            )
        except (*AWS_FAILURES, TimeoutError):
            logger.exception("a batch could not be read: it goes back to the queue")
            self.requeue.delay(messages, Delay(AWS_HOLD_SECONDS), report)
        else:
            dead = [
                (message, DeadLetterReason(code, "each attempt failed"))
                for message, code in todo.given_up
            ]
            self.requeue.dead_letter(dead, report)
            report.unsaved |= {message.conversation_id for message in todo.unreadable}
            crashed = [work for work in todo.works if work.message.receives >= LAST_RECEIVE]
            self.outcomes.give_up_after_crashes(crashed, report)
            pending = deque(work for work in todo.works if work not in crashed)
            self._work(pending, worker_state, report, remaining_seconds)
            report.budget_left_ticks = self.admission_control.budget_left_ticks(
                worker_state, report.spent_ticks()
            )
        self._tell(report)
        return report

    def _work(
        self,
        pending: deque[Work],
        worker_state: WorkerState,
        report: Report,
        remaining_seconds: Callable[[], float],
    ) -> None:
        known = self.limits.clamp(worker_state.batch_size)
        report.batch_size = self._uncrowded(known, len(pending))
        preloaded: WorkerState | None = worker_state
        while pending:
            room = remaining_seconds() - self.caller.longest_call_seconds - SAVING_SECONDS
            admission = self._admission(pending, preloaded, room, report)
            if isinstance(admission, Delay):
                self.requeue.delay([work.message for work in pending], admission, report)
                break
            if admission.is_probe:
                self._probe(admission, report)
            else:
                self._wave([pending.popleft() for _ in range(admission.size)], admission, report)
            preloaded = None
        if report.batch_size != known:
            self._share_batch_size(report.batch_size)

    def _uncrowded(self, size: int, batch: int) -> int:
        """The size to begin with: smaller where so much waits that Lambda should scale out.

        A small batch shows that little waits, and saves asking.
        """
        if batch < SMALL_BATCH or self.queue.depth() <= self.crowded_depth:
            return size
        return batch_size.after_trouble(size, self.limits)

    def _admission(
        self, pending: deque[Work], preloaded: WorkerState | None, room: float, report: Report
    ) -> Admission | Delay:
        """Whether the next wave may start. ``preloaded`` is what was read before the first one."""
        if room < 0 and preloaded is not None:
            logger.error("the function's timeout leaves no time for even one call to Grok")
            return Delay(AWS_HOLD_SECONDS)
        texts = [work.conversation.text for work in pending]
        try:
            return self.admission_control.admit(
                preloaded or self.admission_control.load_state(), texts, report.batch_size, room
            )
        except (*AWS_FAILURES, TimeoutError):
            logger.exception("the shared state did not answer: no call is made without it")
            return Delay(AWS_HOLD_SECONDS)

    def _probe(self, admission: Admission, report: Report) -> None:
        """Find out whether Grok is well again; the circuit learns it, and the loop from there."""
        asked = self.caller.probe(admission.start_times)
        report.calls.append(asked)
        self._learn([asked], admission, report)

    def _wave(self, wave: list[Work], admission: Admission, report: Report) -> None:
        calls = self.caller.wave(wave, admission.start_times)
        report.calls += calls
        self._learn(calls, admission, report)
        self.outcomes.end(calls, self._hold_seconds(calls), report)

    def _hold_seconds(self, calls: Sequence[Call]) -> float:
        """How long calls are stopped after a wave, as far as it shows; 0 where they are not."""
        resting = self.admission_control.resting_seconds()
        if any(isinstance(call.outcome, CreditsError) for call in calls):
            return max(self.admission_control.credits_retry_seconds, resting)
        return resting

    def _learn(self, calls: Sequence[CallResult], admission: Admission, report: Report) -> None:
        """Let what came of a wave change the size of the next one, the budget and the pauses."""
        is_trouble = any(isinstance(call.outcome, (*TROUBLE, type(None))) for call in calls)
        report.batch_size = (
            batch_size.after_trouble(report.batch_size, self.limits)
            if is_trouble
            else batch_size.after_success(report.batch_size, len(calls), self.limits)
        )
        try:
            self.admission_control.settle(admission, sum(call.cost.ticks for call in calls))
            self._pause_or_resume(calls, admission)
        except AWS_FAILURES:
            logger.exception("the shared state did not take what was learned from a wave")

    def _pause_or_resume(self, calls: Sequence[CallResult], admission: Admission) -> None:
        errors = [call.outcome for call in calls if isinstance(call.outcome, AnalysisError)]
        if any(isinstance(error, CreditsError) for error in errors):
            self.admission_control.credits_are_used_up()
        elif admission.trial is not None and any(map(_is_answered, calls)):
            self.admission_control.end_pause(admission.trial)
        limited = [error for error in errors if error.code in RATE_LIMITED]
        if limited:
            asked = max(error.retry_after_seconds or 0.0 for error in limited)
            self.admission_control.slow_down(max(asked, SLOW_DOWN_SECONDS))

    def _share_batch_size(self, size: int) -> None:
        try:
            self.counters.learn_batch_size(size)
        except AWS_FAILURES:
            logger.exception("the batch size was not shared")

    def _tell(self, report: Report) -> None:
        report.circuit_changes = self.caller.circuit.changes()
        counted = totals_of(report)
        try:
            if counted:
                self.counters.add_totals(counted)
        except (*AWS_FAILURES, TimeoutError):
            logger.exception("the running totals miss a batch")
        emit(report, self.now())


def _is_answered(call: CallResult) -> bool:
    """Whether Grok took the call on: it answered, or refused this conversation alone."""
    return not isinstance(call.outcome, (*TROUBLE, type(None)))
