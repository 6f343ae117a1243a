"""A batch from the queue: read once, asked of Grok in waves, and saved wave by wave.

What cannot be asked now goes back to the queue before the batch ends, so that no conversation is
lost and none waits for a visibility timeout without need. The order is what makes it safe to die
at any point: an insight is saved before its message leaves the queue, a failed one before its dead
letter is sent, and a message is sent again before the old one is acknowledged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.analysis import batch_size
from grok_insights.analysis.admission import AWS_HOLD_SECONDS, Delay
from grok_insights.analysis.containment import contained
from grok_insights.analysis.outcomes import MAX_UNSAVED, unsaved_too_often
from grok_insights.analysis.progress import Progress
from grok_insights.analysis.report import BatchReport, Report, emit, totals_of
from grok_insights.analysis.retry_policy import RetryAction, RetryDecision
from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.aws.queue import DeadLetterReason
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.analysis.outcomes import Outcomes
    from grok_insights.analysis.requeue import Requeue
    from grok_insights.analysis.waves import Waves
    from grok_insights.aws.queue import AnalysisQueue, Message
    from grok_insights.aws.state.counters import StateCounters
    from grok_insights.aws.worklist import Todo, Work, Worklist
    from grok_insights.flow.pauses import WorkerState

LAST_RECEIVE: Final = 5
"""The queue's ``maxReceiveCount``: what ends the function once more is dropped by SQS."""

SUSPECT_RECEIVE: Final = 3
"""A conversation that is delivered so often may end the function: it is analysed alone."""

SMALL_BATCH: Final = 10


@dataclass(frozen=True, slots=True)
class BatchAnalysis:
    """The use case. One instance serves many batches, one after another.

    ``crowded_depth`` is how many messages may wait before the batch size is halved and Lambda is
    left to scale out.
    """

    worklist: Worklist
    waves: Waves
    outcomes: Outcomes
    requeue: Requeue
    counters: StateCounters
    queue: AnalysisQueue
    crowded_depth: int
    now: Callable[[], datetime]

    def batch(self, messages: Sequence[Message], remaining_seconds: Callable[[], float]) -> Report:
        """Analyse what the messages ask for, as far as the time and Grok allow.

        No text is read while calls are paused.
        """
        oldest = min((message.enqueued_at for message in messages), default=None)
        whole = BatchReport(len(messages), oldest, Report())
        worker_state = self.waves.admission_control.refresh()
        if isinstance(worker_state, Delay):
            report = self.requeue.delay([_marked(one) for one in messages], worker_state)
            self._tell(replace(whole, report=report))
            return report
        todo = self._todo(messages)
        if isinstance(todo, Delay):
            report = self.requeue.delay([_marked(one) for one in messages], todo)
        else:
            whole = self._work(todo, worker_state, whole, remaining_seconds)
            report = whole.report
        self._tell(replace(whole, report=report))
        return report

    def _todo(self, messages: Sequence[Message]) -> Todo | Delay:
        try:
            return self.worklist.read(messages)
        except (*AWS_FAILURES, TimeoutError):
            logger.exception("a batch could not be read: it goes back to the queue")
            return Delay(AWS_HOLD_SECONDS)

    def _work(
        self,
        todo: Todo,
        worker_state: WorkerState,
        whole: BatchReport,
        remaining_seconds: Callable[[], float],
    ) -> BatchReport:
        report, works = self._without_calls(todo, remaining_seconds)
        limits = self.waves.limits
        known = limits.clamp(worker_state.batch_size)
        progress = _progress(works, self._uncrowded(known, len(works)), remaining_seconds)
        progress.worker_state = worker_state
        report += self.waves.run(progress)
        if progress.batch_size != known:
            with contained("the batch size was not shared"):
                self.counters.learn_batch_size(progress.batch_size)
        return replace(
            whole,
            report=report,
            batch_size=progress.batch_size,
            budget_left_ticks=self.waves.admission_control.budget_left_ticks(
                worker_state, report.spent_ticks()
            ),
        )

    def _without_calls(
        self, todo: Todo, remaining_seconds: Callable[[], float]
    ) -> tuple[Report, list[Work]]:
        """End what needs no call, and return the rest."""
        dead = [
            (message, DeadLetterReason(code, "each attempt failed"))
            for message, code in todo.given_up
        ]
        unreadable = frozenset(message.conversation_id for message in todo.unreadable)
        report = self.requeue.dead_letter(dead) + Report(redelivered=unreadable)
        last = [work for work in todo.works if work.message.receives >= LAST_RECEIVE]
        report += self._renewed([work.message for work in last])
        works = [work for work in todo.works if work not in last]
        unsaved = [work for work in works if work.message.unsaved >= MAX_UNSAVED]
        report += self.outcomes.give_up(unsaved, unsaved_too_often(), remaining_seconds)
        return report, [work for work in works if work not in unsaved]

    def _renewed(self, messages: Sequence[Message]) -> Report:
        """Send messages anew that SQS would drop after one more delivery."""
        now = RetryDecision(RetryAction.DEFER)
        return self.requeue.resend([(_marked(message), now) for message in messages])

    def _uncrowded(self, size: int, batch: int) -> int:
        """The size to begin with: smaller where so much waits that Lambda should scale out.

        A small batch shows that little waits, and saves asking.
        """
        if batch < SMALL_BATCH or self.queue.depth() <= self.crowded_depth:
            return size
        return batch_size.after_trouble(size, self.waves.limits)

    def _tell(self, whole: BatchReport) -> None:
        changes = tuple(self.waves.caller.circuit.changes())
        whole = replace(whole, circuit_changes=changes)
        counted = totals_of(whole)
        with contained("the running totals miss a batch"):
            if counted:
                self.counters.add_totals(counted)
        emit(whole, self.now())


def _marked(message: Message) -> Message:
    """The message, with the suspicion that its many deliveries raise: a new one has none."""
    return replace(message, suspected=1) if message.receives >= SUSPECT_RECEIVE else message


def _progress(works: Sequence[Work], size: int, remaining_seconds: Callable[[], float]) -> Progress:
    marked = [replace(work, message=_marked(work.message)) for work in works]
    return Progress(
        pending=deque(work for work in marked if not work.message.suspected),
        suspects=deque(work for work in marked if work.message.suspected),
        batch_size=size,
        remaining_seconds=remaining_seconds,
    )
