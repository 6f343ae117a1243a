"""The steps of a job on stored insights, each of which is one call by the state machine.

Each step may run twice, or end at any point: what it does again has the same effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grok_insights.domain.job import Job, JobError, JobKind, JobPhase, JobStatus
from grok_insights.domain.slices import Slices
from grok_insights.jobs.files.faults import FileFault
from grok_insights.jobs.rework.slices import selection_of
from grok_insights.jobs.steps import Event, JobSteps, Result, result
from grok_insights.telemetry import MetricUnit, metrics

if TYPE_CHECKING:
    from grok_insights.aws.insights.scan import Scan
    from grok_insights.jobs.rework.slices import SliceReader, SliceWork


@dataclass(frozen=True, slots=True)
class ReworkSteps(JobSteps):
    """The steps of a job on stored insights."""

    scan: Scan
    reader: SliceReader
    works: Mapping[JobKind, SliceWork]

    function = "rework"

    def _read(self, event: Event, job: Job, remaining_seconds: float) -> Result:
        """Find the slices of the job, unless it was started before. It takes a few reads."""
        del remaining_seconds
        if job.slices is None:
            selection = selection_of(job)
            bounds = self.scan.bounds(selection)
            if bounds is None:
                self.jobs.end(job, JobStatus.COMPLETED, self.now())
                return result(event, "stop")
            slices = Slices.of(*bounds, self.scan.shards_of(selection))
            job = job.changed(slices=slices, passes=1, phase=JobPhase.COUNTING)
        self.works[job.kind].open(job)
        later = self.jobs.replace(job.changed(updated_at=self.now()))
        # Another execution of this step may have changed the job, or it was cancelled.
        return result(event, "read" if later is None else "plan")

    def _part(self, job: Job, number: int, deadline: float) -> None:
        self.reader(job, number, deadline, self.works[job.kind])

    def _finish(self, job: Job, deadline: float) -> bool:
        count = len(job.failed_parts)
        metrics.add_metric("ReworkPartsFailed", MetricUnit.Count, count)
        if count:
            message = f"{count} parts failed repeatedly. Start the job again to try them again"
            self._fail(job, JobError(code="parts_failed", message=message))
            return True
        try:
            later = self.works[job.kind].finish(job, deadline)
        except FileFault as fault:
            current = self.jobs.get(job.id) or job  # the job has changed since the step began
            self._fail(current, JobError(code=fault.code, message=fault.message))
            return True
        if later is None:
            return False
        self._close(later)
        self.jobs.end(later, JobStatus.COMPLETED, self.now())
        return True

    def _close(self, job: Job) -> None:
        self.works[job.kind].close(job)
