"""The steps of a job, each of which is one call of a function by the state machine.

Each step may run twice, or end at any point: what it does again has the same effect.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from grok_insights.domain.job import (
    Job,
    JobError,
    JobPhase,
    JobStatus,
    NextState,
    StepName,
)
from grok_insights.jobs.files.faults import FileFault
from grok_insights.telemetry import flush, logger

if TYPE_CHECKING:
    from grok_insights.aws.jobs import Jobs
    from grok_insights.jobs.finish import Finisher
    from grok_insights.jobs.part import PartImporter
    from grok_insights.jobs.plan import Plan
    from grok_insights.jobs.read import Reader

READ_RESERVE_SECONDS: Final = 30.0
FINISH_RESERVE_SECONDS: Final = 30.0
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
class JobSteps(ABC):
    """The steps of jobs of one kind. ``monotonic`` is in seconds."""

    jobs: Jobs
    planner: Callable[[Job], Plan]
    now: Callable[[], datetime]
    monotonic: Callable[[], float]

    function: ClassVar[str]
    """The function that runs the steps, as the message of a failed step names it."""

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
                self._part(job, event.part, self.monotonic() + seconds)
                return {}
            case StepName.FINISH:
                deadline = self.monotonic() + remaining_seconds - FINISH_RESERVE_SECONDS
                return result(event, "stop" if self._finish(job, deadline) else "finish")
            case StepName.FAIL:
                log = f"the log of the {self.function} function"
                message = f"a step failed repeatedly; {log} says why"
                self._fail(job, JobError(code="step_failed", message=message))
        return result(event, "stop")

    @abstractmethod
    def _read(self, event: Event, job: Job, remaining_seconds: float) -> Result:
        """Read what the job is about, and return the next state."""

    @abstractmethod
    def _part(self, job: Job, number: int, deadline: float) -> None:
        """Process a part until it is complete or the deadline has come."""

    @abstractmethod
    def _finish(self, job: Job, deadline: float) -> bool:
        """End a job, all parts of which are complete or have failed repeatedly.

        Return False if the deadline came before the end.
        """

    @abstractmethod
    def _close(self, job: Job) -> None:
        """Close what is open while the job runs."""

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
        self._close(job)
        self.jobs.end(job, JobStatus.FAILED, self.now(), error)


@dataclass(frozen=True, slots=True)
class ImportSteps(JobSteps):
    """The steps of an import."""

    reader: Reader
    importer: PartImporter
    finisher: Finisher

    function = "import"

    def _read(self, event: Event, job: Job, remaining_seconds: float) -> Result:
        deadline = self.monotonic() + remaining_seconds - READ_RESERVE_SECONDS
        try:
            read = self.reader(job, deadline)
        except FileFault as fault:
            self._fail(job, JobError(code=fault.code, message=fault.message))
            return result(event, "stop")
        if read is None:  # another execution of this step has changed the job, or it was cancelled
            return result(event, "read")
        if not read.checkpoint.is_complete:
            return result(event, "read")
        if read.options.dry_run:
            self.jobs.end(read, JobStatus.COMPLETED, self.now())
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
        return result(event, "read" if later is None else "plan")

    def _part(self, job: Job, number: int, deadline: float) -> None:
        self.importer(job, number, deadline)

    def _finish(self, job: Job, deadline: float) -> bool:
        del deadline
        self.finisher(job)
        return True

    def _close(self, job: Job) -> None:
        """Do nothing: an import keeps nothing open."""


def _keeps_file(job: Job) -> bool:
    """Return whether a job that imports a file has not failed or been cancelled."""
    return job.status in {JobStatus.RUNNING, JobStatus.COMPLETED}


def result(event: Event, next_state: NextState, **more: Any) -> Result:
    """Return the next state, and what it needs."""
    return {"next": next_state, "job_id": event.job_id, "run": event.run, **more}


def run_step(steps: JobSteps, event: Mapping[str, Any], context: Any) -> Result:
    """Run the step that the state machine asks a function for, and return the next state."""
    asked = Event(
        StepName(event["step"]), event["job_id"], int(event["run"]), int(event.get("part", 0))
    )
    logger.append_keys(job_id=asked.job_id)
    try:
        return steps(asked, context.get_remaining_time_in_millis() / 1_000)
    finally:
        flush()
