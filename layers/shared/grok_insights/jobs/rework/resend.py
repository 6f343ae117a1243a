"""Re-analysis: sends stored insights to the analysis again.

All slices are read several times. The first pass counts and estimates. The next one sends a message
for each insight that the job has not replaced. Further passes send those that are left, for example
after a cancellation. The job ends with a pass that has sent nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.aws.insights.scan import selected
from grok_insights.aws.queue import Message
from grok_insights.domain.job import Counts, Job, JobPhase, Part
from grok_insights.domain.rework import DONE, FAILED, SKIPPED
from grok_insights.flow.budget import OVERHEAD_TOKENS, next_day
from grok_insights.flow.pauses import PauseLimits, Reason, active_pause
from grok_insights.flow.priority import rework_budget
from grok_insights.jobs.plan import LONGEST_PAUSE_SECONDS, LONGEST_WAIT_SECONDS, Plan, wait
from grok_insights.jobs.rework.plan import reading
from grok_insights.jobs.rework.slices import PAGE, Done, ReadPage, SliceWork
from grok_insights.jobs.rework.window import Window

if TYPE_CHECKING:
    from grok_insights.aws.insights.scan import Scan, Selected
    from grok_insights.aws.queue import AnalysisQueue
    from grok_insights.aws.state.job_outcomes import JobOutcomes
    from grok_insights.aws.state.pauses import PauseStore
    from grok_insights.flow.pauses import WorkerState

WINDOW_SECONDS: Final = 1.0
"""How long the calls of a window take at their pace, if it is the largest."""

OUTCOME_SECONDS: Final = 0.5
"""How often the outcomes of messages are looked at."""

LONGEST_BUDGET_WAIT_SECONDS: Final = 3_600
"""How soon a job finds out that its budget was raised. In the rounds that an execution may have,
it can wait for the next day's budget more than sixty times."""

STALLED_WAITS: Final = 8
"""After so many waits without an outcome, about 11 minutes, the slices are read again."""

MAX_SENDING: Final = 10
"""Slices of a round that sends. Each may wait for 90 seconds for room in the queue."""

NEW_FIRST: Final = "new_conversations"
QUEUE: Final = "queue"
ANALYSIS: Final = "analysis"


@dataclass(frozen=True, slots=True)
class Resend(SliceWork):
    """The work of re-analyses.

    One slice at a time sends as many messages as the ``window`` says, and waits for their outcomes
    before it sends more: so few are ahead of a new conversation. At most ``most_waiting`` messages
    wait, also if outcomes are missing.
    """

    queue: AnalysisQueue
    pauses: PauseStore
    outcomes: JobOutcomes
    scan: Scan
    limits: PauseLimits
    window: Window
    most_waiting: int
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]

    def open(self, job: Job) -> None:
        """Let the messages of a job be processed."""
        if not job.options.dry_run:
            self.outcomes.open(job.id, job.run)

    def close(self, job: Job) -> None:
        """Let messages that are left be dropped."""
        self.outcomes.close(job.id, job.run)

    def plan(self, job: Job, parts: list[Part]) -> Plan:
        """Return the plan of the next round."""
        if not parts:
            return self._after_pass(job)
        if _is_counting(job, parts[0].number):
            return reading(job, JobPhase.COUNTING, parts)
        sending = reading(job, JobPhase.SENDING, parts[:MAX_SENDING])
        return self._waiting(job) or sending._replace(next="import_one_by_one")

    def has_room(self, job: Job, number: int) -> bool:
        """Return whether the queue has room for the messages of another page."""
        # Other jobs and clients send too, so an earlier depth is of no use.
        return (
            _is_counting(job, number)
            or self.queue.present_depth() + self.window.size <= self.most_waiting
        )

    def process(self, job: Job, part: Part, read: ReadPage, deadline: float) -> Done:
        """Count the insights of a page in the first pass, and send messages in the others."""
        is_counting = _is_counting(job, part.number)
        page = read(part.position, PAGE if is_counting else self.window.size)
        chosen = [one for one in selected(page.items) if one.created_at < job.created_at]
        if is_counting:
            return Done(page.position, counted(chosen))
        sent = self._sent(job, chosen)
        self._wait_for_outcomes(job, sent, deadline)
        return Done(page.position, Counts(sent=len(sent)))

    def _sent(self, job: Job, chosen: Sequence[Selected]) -> list[str]:
        """Send messages for the insights that the job has not replaced, and return their ids.

        Raises
        ------
        RuntimeError
            SQS did not accept all of them. The page is sent again.
        """
        left = [one for one in chosen if one.job_id != job.id]
        ended = self.outcomes.ended(job.id, [one.conversation_id for one in left]) if left else ()
        messages = [self._message(job, one) for one in left if one.conversation_id not in ended]
        unsent = self.queue.send(messages)
        if unsent:
            raise RuntimeError(f"{len(unsent)} messages were not sent")
        return [message.conversation_id for message in messages]

    def _wait_for_outcomes(self, job: Job, sent: list[str], deadline: float) -> None:
        """Wait until all of these have an outcome, the job is cancelled, or the deadline comes."""
        sent_at, left, waits = self.now(), sent, list[float]()
        while left and self.monotonic() < deadline and self.outcomes.running([job.id]):
            self.sleep(OUTCOME_SECONDS)
            called = self.scan.called(job.id, left)
            waits += [(called_at - sent_at).total_seconds() for called_at in called.values()]
            ended = self.outcomes.ended(job.id, [one for one in left if one not in called])
            left = [one for one in left if one not in called and one not in ended]
        if sent:
            self.window.learn(waits, all_ended=not left)

    def _message(self, job: Job, one: Selected) -> Message:
        return Message(
            one.conversation_id,
            1,
            self.now(),
            generation=one.generation,
            job=job.id,
            revision=one.revision,
        )

    def _waiting(self, job: Job) -> Plan | None:
        """Return the plan to wait before messages are sent; None if they may be sent."""
        reason = self._reason_to_wait()
        if reason is not None:
            return wait(job, *reason)
        if self.queue.depth() + self.window.size > self.most_waiting:
            return wait(job, QUEUE, LONGEST_WAIT_SECONDS)
        return None

    def _reason_to_wait(self) -> tuple[str, int] | None:
        """Return why jobs make no calls, and for how many seconds at most; None if they may."""
        now = self.now()
        state = self.pauses.read(now)
        pause = active_pause(state, self.limits, now)
        if pause is not None and pause.reason is not Reason.BUDGET_SPENT:
            return str(pause.reason), min(int(pause.seconds) + 1, LONGEST_PAUSE_SECONDS)
        if self._has_spent_its_share(state):
            seconds = int((next_day(now) - now).total_seconds()) + 1
            return str(Reason.BUDGET_SPENT), min(seconds, LONGEST_BUDGET_WAIT_SECONDS)
        new_first_seconds = state.new_first_until - now.timestamp()
        return (NEW_FIRST, int(new_first_seconds) + 1) if new_first_seconds > 0 else None

    def _has_spent_its_share(self, state: WorkerState) -> bool:
        share = rework_budget(self.limits.budget_ticks)
        return 0 < share <= (state.spent_ticks or 0)

    def _after_pass(self, job: Job) -> Plan:
        """Return the plan after a pass: the next one, to wait for outcomes, or the end."""
        if job.options.dry_run or not job.counts.selected:
            return Plan(job, "finish")
        if job.passes == 1:
            return _next_pass(job)
        if job.counts.sent == job.sent_before:
            return Plan(job, "finish")
        counts = self.outcomes.counts(job.id)
        total = counts[DONE] + counts[FAILED] + counts[SKIPPED]
        if total > job.outcomes:
            job = job.changed(waits=0)
        job = job.changed(outcomes=total)
        if total >= job.counts.selected or self._has_nothing_left(job):
            return _next_pass(job)
        reason = self._reason_to_wait() or (ANALYSIS, LONGEST_WAIT_SECONDS)
        return wait(job.changed(phase=JobPhase.CHECKING), *reason)

    def _has_nothing_left(self, job: Job) -> bool:
        """Return whether messages are missing: the queue is empty, or nothing has happened."""
        if job.waits >= STALLED_WAITS and self._reason_to_wait() is None:
            return True
        return bool(job.waits) and not self.queue.depth() and not self.queue.in_flight()


def window_of(calls_per_second: float) -> Window:
    """Return the window of a job at a pace of calls."""
    return Window(max(1, min(PAGE, round(calls_per_second * WINDOW_SECONDS))))


def _next_pass(job: Job) -> Plan:
    later = job.changed(
        passes=job.passes + 1, sent_before=job.counts.sent, waits=0, phase=JobPhase.SENDING
    )
    return Plan(later.changed(waiting_for=None), "plan")


def _is_counting(job: Job, number: int) -> bool:
    """Return whether a part belongs to the first pass."""
    assert job.slices is not None
    return job.slices.pass_of(number) == 0


def counted(chosen: Sequence[Selected]) -> Counts:
    """Return how many insights there are, and the tokens that their analysis took.

    A failed one has none, and counts with those of the instructions.
    """
    return Counts(selected=len(chosen), tokens=sum(one.tokens or OVERHEAD_TOKENS for one in chosen))
