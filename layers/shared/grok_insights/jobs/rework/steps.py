"""The steps of a job on stored insights, each of which is one call by the state machine.

Each step may run twice, or end at any point: what it does again has the same effect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.domain.job import Job, JobError, JobPhase, JobStatus, StepName
from grok_insights.domain.slices import Slices
from grok_insights.jobs.rework.slices import selection_of
from grok_insights.jobs.steps import PART_SECONDS, Event, Result, result
from grok_insights.telemetry import MetricUnit, logger, metrics

if TYPE_CHECKING:
    from grok_insights.aws.insights.scan import Scan
    from grok_insights.aws.jobs import Jobs
    from grok_insights.aws.state.job_outcomes import JobOutcomes
    from grok_insights.jobs.rework.plan import ReworkPlanner
    from grok_insights.jobs.rework.slices import SliceReader


@dataclass(frozen=True, slots=True)
class ReworkSteps:
    """The steps. ``monotonic`` is in seconds."""

    jobs: Jobs
    scan: Scan
    outcomes: JobOutcomes
    planner: ReworkPlanner
    reader: SliceReader
    now: Callable[[], datetime]
    monotonic: Callable[[], float]

    def __call__(self, event: Event, remaining_seconds: float) -> Result:
        """Run a step, and return the next state. A part returns nothing."""
        job = self.jobs.get(event.job_id)
        if job is None or not job.is_running or job.run != event.run:
            return result(event, "stop") if event.step is not StepName.PART else {}
        match event.step:
            case StepName.READ:
                return self._begin(event, job)
            case StepName.PLAN:
                return self._plan(event, job)
            case StepName.PART:
                seconds = min(remaining_seconds - 10.0, PART_SECONDS)
                self.reader(job, event.part, self.monotonic() + seconds)
                return {}
            case StepName.FINISH:
                self._finish(job)
            case StepName.FAIL:
                message = "a step failed repeatedly; the log of the rework function says why"
                self._fail(job, JobError(code="step_failed", message=message))
        return result(event, "stop")

    def _begin(self, event: Event, job: Job) -> Result:
        """Find the slices of the job, unless it was started before."""
        if job.slices is None:
            bounds = self.scan.bounds(selection_of(job))
            if bounds is None:
                self.jobs.replace(job.ended(JobStatus.COMPLETED, self.now()))
                return result(event, "stop")
            slices = Slices.of(*bounds, self.scan.shards)
            job = job.changed(slices=slices, passes=1, phase=JobPhase.COUNTING)
        if not job.options.dry_run:
            self.outcomes.open(job.id)
        later = self.jobs.replace(job.changed(updated_at=self.now()))
        return result(event, "stop" if later is None else "plan")

    def _plan(self, event: Event, job: Job) -> Result:
        plan = self.planner(job)
        if plan.error is not None:
            self._fail(plan.job, plan.error)
            return result(event, "stop")
        if self.jobs.replace(plan.job) is None:
            return result(event, "plan")
        return result(event, plan.next, seconds=plan.seconds, ranges=list(plan.parts))

    def _finish(self, job: Job) -> None:
        if job.failed_parts:
            count = len(job.failed_parts)
            metrics.add_metric("ReworkPartsFailed", MetricUnit.Count, count)
            message = f"{count} parts failed repeatedly. Start the job again to try them again"
            self._fail(job, JobError(code="parts_failed", message=message))
            return
        self.outcomes.close(job.id)
        self.jobs.replace(job.ended(JobStatus.COMPLETED, self.now()))

    def _fail(self, job: Job, error: JobError) -> None:
        logger.warning("a job failed", job_id=job.id, code=error.code)
        self.outcomes.close(job.id)
        self.jobs.replace(job.ended(JobStatus.FAILED, self.now(), error))
