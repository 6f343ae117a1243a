"""The steps of an import, each of which is one call of the function by the state machine.

Each step may run twice, or end at any point: what it does again has the same effect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from grok_insights.domain.job import (
    Job,
    JobError,
    JobPhase,
    JobStatus,
    NextState,
    StepName,
)
from grok_insights.jobs.files.faults import FileFault
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.aws.jobs import Jobs
    from grok_insights.jobs.finish import Finisher
    from grok_insights.jobs.part import PartImporter
    from grok_insights.jobs.plan import Planner
    from grok_insights.jobs.read import Reader

READ_RESERVE_SECONDS: Final = 30.0
PART_SECONDS: Final = 90.0
"""How long a part is processed in one call: a child execution may last 5 minutes, with a retry."""


class Event(NamedTuple):
    """What the state machine asks for."""

    step: StepName
    job_id: str
    run: int
    part: int = 0


Result = dict[str, Any]
"""What the state machine gets: the next state, and what that state needs."""


@dataclass(frozen=True, slots=True)
class ImportSteps:
    """The steps. ``monotonic`` is in seconds."""

    jobs: Jobs
    reader: Reader
    planner: Planner
    importer: PartImporter
    finisher: Finisher
    now: Callable[[], datetime]
    monotonic: Callable[[], float]

    def __call__(self, event: Event, remaining_seconds: float) -> Result:
        """Run a step, and return the next state. A part returns nothing."""
        job = self.jobs.get(event.job_id)
        if job is None or not job.is_running or job.run != event.run:
            return result(event, "stop") if event.step is not StepName.PART else {}
        match event.step:
            case StepName.READ:
                return self._read(event, job, remaining_seconds)
            case StepName.PLAN:
                return self._plan(event, job)
            case StepName.PART:
                seconds = min(remaining_seconds - 10.0, PART_SECONDS)
                self.importer(job, event.part, self.monotonic() + seconds)
                return {}
            case StepName.FINISH:
                self.finisher(job)
            case StepName.FAIL:
                message = "a step failed repeatedly; the log of the import function says why"
                self._fail(job, JobError(code="step_failed", message=message))
        return result(event, "stop")

    def _read(self, event: Event, job: Job, remaining_seconds: float) -> Result:
        deadline = self.monotonic() + remaining_seconds - READ_RESERVE_SECONDS
        try:
            read = self.reader(job, deadline)
        except FileFault as fault:
            self._fail(job, JobError(code=fault.code, message=fault.message))
            return result(event, "stop")
        if read is None:
            return result(event, "stop")
        if not read.checkpoint.is_complete:
            return result(event, "read")
        if read.options.dry_run:
            self.jobs.replace(read.ended(JobStatus.COMPLETED, self.now()))
            return result(event, "stop")
        return self._after_reading(event, read)

    def _after_reading(self, event: Event, job: Job) -> Result:
        importer = self.jobs.importer_of(job.checkpoint.digest)
        earlier = self.jobs.get(importer) if importer and importer != job.id else None
        if earlier and not job.options.again and _keeps_file(earlier):
            message = (
                f"job {earlier.id} imported this file; with again: true, its lines are sent again,"
                " and nothing is analysed twice"
            )
            self._fail(job, JobError(code="imported_before", message=message))
            return result(event, "stop")
        self.jobs.note_importer(job.checkpoint.digest, job.id)
        later = self.jobs.replace(job.changed(phase=JobPhase.IMPORTING, updated_at=self.now()))
        return result(event, "stop" if later is None else "plan")

    def _plan(self, event: Event, job: Job) -> Result:
        plan = self.planner(job)
        if plan.error is not None:
            self._fail(plan.job, plan.error)
            return result(event, "stop")
        if self.jobs.replace(plan.job) is None:
            return result(event, "plan")
        return result(event, plan.next, seconds=plan.seconds, ranges=list(plan.parts))

    def _fail(self, job: Job, error: JobError) -> None:
        logger.warning("a job failed", job_id=job.id, code=error.code)
        self.jobs.replace(job.ended(JobStatus.FAILED, self.now(), error))


def _keeps_file(job: Job) -> bool:
    """Return whether a job that imports a file has not failed or been cancelled."""
    return job.status in {JobStatus.RUNNING, JobStatus.COMPLETED}


def result(event: Event, next_state: NextState, **more: Any) -> Result:
    """Return the next state, and what it needs."""
    return {"next": next_state, "job_id": event.job_id, "run": event.run, **more}
