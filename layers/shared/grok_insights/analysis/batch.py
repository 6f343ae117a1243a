"""A batch from the queue: it is read once, analysed by Grok in waves, and saved after each wave.

Messages that cannot be processed now are sent to the queue again before the batch ends, so that no
conversation is lost or waits for a visibility timeout. The function may end at any point without
losing a conversation, because of the order of its steps: it saves an insight before it deletes the
message, it saves a failed insight before it sends the dead letter, and it sends a message again
before it deletes the old one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.analysis import batch_size
from grok_insights.analysis.admission import AWS_RETRY_SECONDS, Delay
from grok_insights.analysis.containment import contained
from grok_insights.analysis.outcomes import MAX_UNSAVED, unsaved_too_often
from grok_insights.analysis.progress import Progress
from grok_insights.analysis.report import BatchReport, Report, emit, totals_of
from grok_insights.analysis.retry_policy import RetryAction, RetryDecision
from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.aws.queue import DeadLetterReason
from grok_insights.flow.priority import YIELD_SECONDS, yield_until
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.analysis.outcomes import Outcomes
    from grok_insights.analysis.requeue import Requeue
    from grok_insights.analysis.waves import Waves
    from grok_insights.aws.queue import AnalysisQueue, Message
    from grok_insights.aws.state.counters import StateCounters
    from grok_insights.aws.state.job_outcomes import JobOutcomes
    from grok_insights.aws.state.proposals import Proposals
    from grok_insights.aws.worklist import Todo, Work, Worklist
    from grok_insights.domain.segments import ActiveProfile
    from grok_insights.flow.pauses import WorkerState

LAST_RECEIVE: Final = 5
"""The queue's ``maxReceiveCount``: after one more receive, SQS moves the message to the
dead-letter queue."""

SUSPECT_RECEIVE: Final = 3
"""From this receive on, the conversation may be what ends the function: it is analysed alone."""

SMALL_BATCH: Final = 10


@dataclass(frozen=True, slots=True)
class BatchAnalysis:
    """The use case. One instance processes many batches, one after another.

    ``crowded_depth`` is a number of messages in the queue. If more wait, the batch size is halved,
    so that Lambda scales out.
    """

    worklist: Worklist
    waves: Waves
    outcomes: Outcomes
    requeue: Requeue
    counters: StateCounters
    proposals: Proposals
    queue: AnalysisQueue
    jobs: JobOutcomes
    crowded_depth: int
    now: Callable[[], datetime]

    def batch(self, messages: Sequence[Message], remaining_seconds: Callable[[], float]) -> Report:
        """Analyse the conversations of the messages, as far as the time and Grok allow.

        No text is read while calls are paused.
        """
        new = [message for message in messages if not message.job]
        oldest = min((message.enqueued_at for message in new), default=None)
        batch_report = BatchReport(len(messages), oldest, Report())
        worker_state = self._with_new_first(self.waves.admission_control.refresh(), oldest)
        if isinstance(worker_state, Delay):
            batch_report = replace(batch_report, report=self._delay(messages, worker_state))
        elif isinstance(todo := self._read(messages), Delay):
            batch_report = replace(batch_report, report=self._delay(messages, todo))
        else:
            batch_report = self._process(todo, worker_state, batch_report, remaining_seconds)
        self._publish(batch_report)
        return batch_report.report

    def _with_new_first(
        self, worker_state: WorkerState | Delay, oldest: datetime | None
    ) -> WorkerState | Delay:
        """Let jobs of all functions wait if a new conversation has waited for too long."""
        now = self.now()
        until = yield_until(oldest, now)
        if isinstance(worker_state, Delay) or not until:
            return worker_state
        if worker_state.new_first_until < now.timestamp() + YIELD_SECONDS / 2:
            with contained("jobs were not told to wait"):
                self.counters.let_new_go_first(until)
        return replace(worker_state, new_first_until=int(until))

    def _delay(self, messages: Sequence[Message], delay: Delay) -> Report:
        return self.requeue.delay([_with_suspicion(message) for message in messages], delay)

    def _read(self, messages: Sequence[Message]) -> Todo | Delay:
        """Return what is to be done. Messages of jobs that do not run any more are dropped."""
        try:
            jobs = {message.job for message in messages if message.job}
            running = self.jobs.running(jobs) if jobs else set()
            return self.worklist.read(
                [message for message in messages if not message.job or message.job in running]
            )
        except (*AWS_FAILURES, TimeoutError):
            logger.exception("a batch could not be read: its messages are sent again")
            return Delay(AWS_RETRY_SECONDS)

    def _process(
        self,
        todo: Todo,
        worker_state: WorkerState,
        batch_report: BatchReport,
        remaining_seconds: Callable[[], float],
    ) -> BatchReport:
        report, works = self._end_without_call(todo, worker_state.active, remaining_seconds)
        limits = self.waves.limits
        shared_size = limits.clamp(worker_state.batch_size)
        progress = _progress(works, self._first_size(shared_size, len(works)), remaining_seconds)
        progress.worker_state = worker_state
        report += self.waves.run(progress)
        if progress.batch_size != shared_size:
            with contained("the batch size was not shared"):
                self.counters.learn_batch_size(progress.batch_size)
        return replace(
            batch_report,
            report=report,
            batch_size=progress.batch_size,
            budget_left_ticks=self.waves.admission_control.budget_left_ticks(
                worker_state, report.spent_ticks()
            ),
        )

    def _end_without_call(
        self, todo: Todo, active: ActiveProfile, remaining_seconds: Callable[[], float]
    ) -> tuple[Report, list[Work]]:
        """End the conversations that need no call, and return the others with a report."""
        dead_letters = [
            (message, DeadLetterReason(code, "each attempt failed"))
            for message, code in todo.given_up
        ]
        unreadable = frozenset(message.conversation_id for message in todo.unreadable)
        report = self.requeue.dead_letter(dead_letters) + Report(redelivered=unreadable)
        report += self.outcomes.skip(todo.skipped)
        last_receives = [work for work in todo.works if work.message.receives >= LAST_RECEIVE]
        report += self._send_anew([work.message for work in last_receives])
        works = [work for work in todo.works if work not in last_receives]
        unsaved = [work for work in works if work.message.unsaved >= MAX_UNSAVED]
        active = self._with_segments(unsaved, active)
        report += self.outcomes.give_up(unsaved, unsaved_too_often(), active, remaining_seconds)
        return report, [work for work in works if work not in unsaved]

    def _with_segments(self, works: Sequence[Work], active: ActiveProfile) -> ActiveProfile:
        """Return the profile with the values of the segments of works, if they can be stored."""
        with contained("the values of segments could not be stored"):
            conversations = [work.conversation for work in works]
            return self.waves.segment_values.admit(active, conversations)
        return active

    def _send_anew(self, messages: Sequence[Message]) -> Report:
        """Send as new the messages that SQS would move to the dead-letter queue next time."""
        decision = RetryDecision(RetryAction.DEFER)
        return self.requeue.resend([(_with_suspicion(message), decision) for message in messages])

    def _first_size(self, size: int, conversations: int) -> int:
        """Return the size of the first wave: half if so many messages wait that Lambda scales out.

        A small batch shows that few messages wait, so the queue's depth is not read.
        """
        if conversations < SMALL_BATCH or self.queue.depth() <= self.crowded_depth:
            return size
        return batch_size.after_trouble(size, self.waves.limits)

    def _publish(self, batch_report: BatchReport) -> None:
        changes = tuple(self.waves.caller.circuit.changes())
        batch_report = replace(batch_report, circuit_changes=changes)
        totals = totals_of(batch_report)
        with contained("the running totals miss a batch"):
            if totals:
                self.counters.add_totals(totals)
        with contained("proposed topics were not counted"):
            self.proposals.add(batch_report.report.proposed())
        emit(batch_report, self.now())


def _with_suspicion(message: Message) -> Message:
    """Return the message, marked as suspected if it was received often.

    The mark must be in the message, since a message that is sent anew has a new receive count.
    """
    return replace(message, suspected=1) if message.receives >= SUSPECT_RECEIVE else message


def _progress(works: Sequence[Work], size: int, remaining_seconds: Callable[[], float]) -> Progress:
    works = [replace(work, message=_with_suspicion(work.message)) for work in works]
    new = [work for work in works if not work.message.job]
    reworks = [work for work in works if work.message.job]
    return Progress(
        pending=deque(work for work in new if not work.message.suspected),
        suspects=deque(work for work in new if work.message.suspected),
        reworks=deque(sorted(reworks, key=lambda work: work.message.suspected)),
        batch_size=size,
        remaining_seconds=remaining_seconds,
    )
