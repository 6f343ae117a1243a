"""Plans the next round of an import: which parts to process now, or how long to wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from grok_insights.domain.job import (
    MAX_FAILED_PARTS,
    PART_LINES,
    Job,
    JobError,
    JobPhase,
    Part,
)
from grok_insights.flow.pauses import PauseLimits, active_pause
from grok_insights.jobs.report import total

if TYPE_CHECKING:
    from grok_insights.aws.jobs import Jobs
    from grok_insights.aws.queue import AnalysisQueue
    from grok_insights.aws.state.pauses import PauseStore

MAX_RANGES: Final = 2_000
"""Parts of one map. Its input, with the numbers of the parts, may have 256 KB."""

MAX_ROUNDS: Final = 1_500
"""Rounds of one execution, whose history may have 25,000 events. Waiting by the longest times,
they last more than four days without progress, and more than ten in a pause."""

FIRST_WAIT_SECONDS: Final = 3
LONGEST_WAIT_SECONDS: Final = 300
LONGEST_PAUSE_SECONDS: Final = 600


class Plan(NamedTuple):
    """The job after planning, the next state, and what it needs: seconds, or parts."""

    job: Job
    next: Literal["plan", "wait", "import", "import_one_by_one", "finish"]
    seconds: int = 0
    parts: Sequence[int] = ()
    error: JobError | None = None


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans rounds. At most ``most_waiting`` conversations wait because of an import."""

    jobs: Jobs
    queue: AnalysisQueue
    pauses: PauseStore
    limits: PauseLimits
    most_waiting: int
    chunk_lines: int
    now: Callable[[], datetime]

    def __call__(self, job: Job) -> Plan:
        """Return the plan of the next round."""
        job, parts = settled(self.jobs, job, self.now())
        fault = fault_of(job)
        if fault is not None:
            return fault
        if not parts:
            return Plan(job, "finish")
        if (reason := self._reason_to_wait()) is not None:
            return wait(job, *reason)
        room = self.most_waiting - self.queue.depth()
        chosen = min(MAX_RANGES, max(1, room // PART_LINES))
        if room < self.chunk_lines:
            return wait(job, "queue", LONGEST_WAIT_SECONDS)
        job = job.changed(phase=JobPhase.IMPORTING, waiting_for=None, waits=0)
        return Plan(job, "import", parts=[part.number for part in parts[:chosen]])

    def _reason_to_wait(self) -> tuple[str, int] | None:
        """Return why the analysis is paused, and for how many seconds at most; None if it runs."""
        now = self.now()
        pause = active_pause(self.pauses.read(now), self.limits, now)
        if pause is None:
            return None
        return str(pause.reason), min(int(pause.seconds) + 1, LONGEST_PAUSE_SECONDS)


def settled(jobs: Jobs, job: Job, now: datetime) -> tuple[Job, list[Part]]:
    """Move past the parts that are complete or set aside, and return the next open ones."""
    job = job.changed(rounds=job.rounds + 1, updated_at=now)
    while True:
        end = min(job.parts, job.settled + MAX_RANGES)
        window = jobs.parts(job.id, range(job.settled, end))
        opened = [part for part in window if not _is_settled(part, job.run)]
        first = opened[0].number if opened else end
        past = window[: first - job.settled]
        failed = tuple(part.number for part in past if not part.is_complete)
        job = job.changed(
            settled=first,
            settled_counts=total(job.settled_counts, past),
            failed_parts=job.failed_parts + failed,
        )
        if opened or first >= job.parts:
            counts = total(job.settled_counts, window[len(past) :])
            return job.changed(counts=counts), opened


def fault_of(job: Job) -> Plan | None:
    """Return the plan to end a job that cannot go on; None if it can."""
    if len(job.failed_parts) >= MAX_FAILED_PARTS:
        message = f"{MAX_FAILED_PARTS} parts failed repeatedly"
        return Plan(job, "plan", error=JobError(code="parts_failed", message=message))
    if job.rounds >= MAX_ROUNDS:
        message = "the job has waited for too long; start it again, and it goes on"
        return Plan(job, "plan", error=JobError(code="too_many_rounds", message=message))
    return None


def wait(job: Job, reason: str, most_seconds: int) -> Plan:
    """Return the plan to wait: each time for twice as long, up to a limit."""
    seconds = min(FIRST_WAIT_SECONDS * 2 ** min(job.waits, 15), most_seconds)
    waiting = job.changed(phase=JobPhase.WAITING, waiting_for=reason, waits=job.waits + 1)
    return Plan(waiting, "wait", seconds=seconds)


def _is_settled(part: Part, run: int) -> bool:
    return part.is_complete or part.is_poison(run)
