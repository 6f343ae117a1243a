"""Starts, shows and cancels jobs. A job that failed or was cancelled goes on where it stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from pydantic import Field

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.domain.job import Job, JobError, JobKind, JobStatus, NewJob, Part
from grok_insights.errors import Conflict, NotFound, Unavailable
from grok_insights.jobs.report import body, outcomes_body, total
from grok_insights.telemetry import logger
from grok_insights.validation import Model, WholeNumber

if TYPE_CHECKING:
    from grok_insights.aws.files import Files
    from grok_insights.aws.jobs import Jobs
    from grok_insights.aws.state.job_outcomes import JobOutcomes
    from grok_insights.aws.workflow import Workflow
    from grok_insights.bodies.jobs import JobBody, JobsBody
    from grok_insights.jobs.estimate import Prices
    from grok_insights.jobs.uploads import Uploads

WINDOW_PARTS: Final = 2_000
"""Parts that are read at once: as many as one map has ranges."""

MAX_CHANGES: Final = 5

STARTING_SECONDS: Final = 60
"""How long an execution that does not exist may still be started."""


class ByJob(Model):
    """The path of one job."""

    job_id: UUID = Field(description="Id of the job.")


class JobsQuery(Model):
    """Which jobs to list."""

    limit: WholeNumber = Field(20, description="Largest number of jobs.", ge=1, le=100)


@dataclass(frozen=True, slots=True)
class ManageJobs:
    """The use case."""

    uploads: Uploads
    jobs: Jobs
    files: Files
    outcomes: JobOutcomes
    workflows: Mapping[JobKind, Workflow]
    prices: Prices
    now: Callable[[], datetime]
    random_id: Callable[[], UUID]

    def start(self, new: NewJob) -> Job:
        """Start a job on an upload, or on stored insights.

        Raises
        ------
        NotFound, Conflict
            There is no such upload, or parts of it are missing.
        Unavailable
            The state machine could not be started. The job can be started again.
        """
        upload = self.uploads.complete(str(new.upload_id)) if new.upload_id else None
        now = self.now()
        job = Job(
            id=str(self.random_id()),
            kind=new.kind,
            status=JobStatus.RUNNING,
            created_at=now,
            started_at=now,
            updated_at=now,
            options=new,
            upload=upload,
        )
        self.jobs.add(job)
        return self._execute(job)

    def start_again(self, job_id: str) -> Job:
        """Start a job that failed or was cancelled. It goes on where it stopped.

        Raises
        ------
        NotFound, Conflict, Unavailable
            There is no such job, it has not failed or been cancelled, or it could not be started.
        """
        job = self._current(job_id)
        if job.status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
            raise Conflict(f"the job is {job.status}; only one that failed or was cancelled starts")
        later = self.jobs.replace(job.started_again(self.now()))
        if later is None:
            raise Conflict("the job was changed at the same time")
        return self._execute(later)

    def cancel(self, job_id: str) -> Job:
        """Cancel a job. Lines that were accepted stay accepted.

        A job that is cancelled already is stopped again, since an earlier request may have ended
        before it had stopped all of it.

        Raises
        ------
        NotFound, Conflict
            There is no such job, or it has ended.
        """
        for _ in range(MAX_CHANGES):
            job = self._current(job_id)
            is_cancelled = job.status is JobStatus.CANCELLED
            if not (job.is_running or is_cancelled):
                raise Conflict(f"the job is {job.status} already")
            later = job.ended(JobStatus.CANCELLED, self.now())
            cancelled = job if is_cancelled else self.jobs.replace(later)
            if cancelled is not None:
                self._close(cancelled)
                self.workflows[job.kind].stop(job.id, job.run)
                return cancelled
        raise Unavailable("the job changed each time; send the request again")

    def get(self, job_id: str) -> JobBody:
        """Return a job with its progress.

        Raises
        ------
        NotFound
            There is no such job.
        """
        job = self._current(job_id)
        parts = self._parts(job)
        shown = body(job, parts, self.prices, self.now(), self.files)
        if job.kind in {JobKind.REANALYSIS, JobKind.REMAP}:
            planned = total(job.settled_counts, parts).outcomes
            shown["outcomes"] = outcomes_body(self.outcomes.counts(job.id) + Counter(planned))
        return shown

    def newest(self, limit: int) -> JobsBody:
        """Return the newest jobs, with their progress when they were last planned."""
        jobs = self.jobs.newest(limit)
        return {"items": [body(job, None, self.prices, self.now(), self.files) for job in jobs]}

    def _current(self, job_id: str) -> Job:
        """Return a job. If its execution has failed without saying so, the job has failed."""
        job = self.jobs.get(job_id)
        if job is None:
            raise NotFound("there is no job with this id")
        if not job.is_running or self.now() - job.started_at < timedelta(seconds=STARTING_SECONDS):
            return job
        if not self.workflows[job.kind].has_failed(job.id, job.run):
            return job
        error = JobError(code="execution_failed", message="the execution ended unexpectedly")
        return self._failed(job, error) or self._reread(job_id)

    def _failed(self, job: Job, error: JobError) -> Job | None:
        """Note that a job has failed, and return it; None if it was changed since it was read."""
        failed = self.jobs.replace(job.ended(JobStatus.FAILED, self.now(), error))
        if failed is not None:
            self._close(failed)
        return failed

    def _close(self, job: Job) -> None:
        """Let the messages of a job be dropped, if it has any."""
        if job.kind is JobKind.REANALYSIS:
            self.outcomes.close(job.id, job.run)

    def _reread(self, job_id: str) -> Job:
        job = self.jobs.get(job_id)
        if job is None:
            raise NotFound("there is no job with this id")
        return job

    def _parts(self, job: Job) -> list[Part]:
        end = min(job.parts, job.settled + WINDOW_PARTS)
        is_read = job.upload is not None and job.options.dry_run
        is_planned = job.is_planned and not is_read
        return self.jobs.parts(job.id, range(job.settled, end)) if is_planned else []

    def _execute(self, job: Job) -> Job:
        try:
            self.workflows[job.kind].start(job.id, job.run)
        except AWS_FAILURES:
            logger.exception("an execution could not be started", job_id=job.id)
            error = JobError(code="not_started", message="Step Functions could not be reached")
            self._failed(job, error)
            raise Unavailable(
                f"job {job.id} could not be started; start it again", retry_after_seconds=5
            ) from None
        return job
