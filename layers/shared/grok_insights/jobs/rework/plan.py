"""Plans the next round of a job on stored insights: which slices to read, or how long to wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.domain.job import Job, JobPhase, Part
from grok_insights.domain.rework import DONE, FAILED, SKIPPED
from grok_insights.flow.budget import next_day
from grok_insights.flow.pauses import PauseLimits, Reason, active_pause
from grok_insights.flow.priority import rework_budget
from grok_insights.jobs.plan import (
    LONGEST_PAUSE_SECONDS,
    LONGEST_WAIT_SECONDS,
    MAX_RANGES,
    Plan,
    fault_of,
    settled,
    wait,
)
from grok_insights.jobs.rework.slices import PAGE

if TYPE_CHECKING:
    from grok_insights.aws.jobs import Jobs
    from grok_insights.aws.queue import AnalysisQueue
    from grok_insights.aws.state.job_outcomes import JobOutcomes
    from grok_insights.aws.state.pauses import PauseStore
    from grok_insights.flow.pauses import WorkerState

STALLED_WAITS: Final = 8
"""After so many waits without an outcome, about 11 minutes, the slices are read again."""

MAX_SENDING: Final = 40
"""Slices of a round that sends. Each may wait for 90 seconds for room in the queue, 4 at a time."""

NEW_FIRST: Final = "new_conversations"
QUEUE: Final = "queue"
ANALYSIS: Final = "analysis"


@dataclass(frozen=True, slots=True)
class ReworkPlanner:
    """Plans rounds. At most ``most_waiting`` messages wait because of a job."""

    jobs: Jobs
    queue: AnalysisQueue
    pauses: PauseStore
    outcomes: JobOutcomes
    limits: PauseLimits
    most_waiting: int
    now: Callable[[], datetime]

    def __call__(self, job: Job) -> Plan:
        """Return the plan of the next round."""
        job, parts = settled(self.jobs, job, self.now())
        fault = fault_of(job)
        if fault is not None:
            return fault
        if not parts:
            return self._after_pass(job)
        assert job.slices is not None
        if job.slices.pass_of(parts[0].number) == 0:
            return _reading(job, JobPhase.COUNTING, parts[:MAX_RANGES])
        return self._waiting(job) or _reading(job, JobPhase.SENDING, parts[:MAX_SENDING])

    def _waiting(self, job: Job) -> Plan | None:
        """Return the plan to wait before messages are sent; None if they may be sent."""
        reason = self._reason_to_wait()
        if reason is not None:
            return wait(job, *reason)
        if self.queue.depth() + PAGE > self.most_waiting:
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
            return str(Reason.BUDGET_SPENT), int((next_day(now) - now).total_seconds()) + 1
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


def _reading(job: Job, phase: JobPhase, parts: list[Part]) -> Plan:
    job = job.changed(phase=phase, waiting_for=None, waits=0)
    return Plan(job, "import", parts=[part.number for part in parts])


def _next_pass(job: Job) -> Plan:
    later = job.changed(
        passes=job.passes + 1, sent_before=job.counts.sent, waits=0, phase=JobPhase.SENDING
    )
    return Plan(later.changed(waiting_for=None), "plan")
