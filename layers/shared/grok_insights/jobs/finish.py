"""Ends an import: writes the file with the rejected lines, and deletes the upload."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.aws.files import errors_key, rejected_prefix
from grok_insights.domain.job import Job, JobError, JobStatus
from grok_insights.telemetry import MetricUnit, logger, metrics

if TYPE_CHECKING:
    from grok_insights.aws.files import Files
    from grok_insights.aws.jobs import Jobs

MAX_FILE_BYTES: Final = 20_000_000
"""The largest file of rejected lines: more than 100,000. The function keeps it in memory."""


@dataclass(frozen=True, slots=True)
class Finisher:
    """Ends imports."""

    jobs: Jobs
    files: Files
    now: Callable[[], datetime]

    def __call__(self, job: Job) -> None:
        """End a job, all parts of which are complete or have failed repeatedly."""
        if job.counts.rejected:
            self.files.put(errors_key(job.id), self._rejected(job))
        metrics.add_metric("ImportPartsFailed", MetricUnit.Count, len(job.failed_parts))
        if job.failed_parts:
            self._fail(job)
            return
        ended = self.jobs.end(job, JobStatus.COMPLETED, self.now())
        if ended is not None:
            self.files.delete(job.file.key)

    def _rejected(self, job: Job) -> bytes:
        content = io.BytesIO()
        for key in self.files.keys(rejected_prefix(job.id)):
            body = self.files.open(key)
            content.write(body.read() if body is not None else b"")
            if content.tell() > MAX_FILE_BYTES:
                logger.warning("a file of rejected lines is cut off", job_id=job.id)
                break
        return content.getvalue()

    def _fail(self, job: Job) -> None:
        named = ", ".join(map(str, job.failed_parts[:10]))
        message = (
            f"{len(job.failed_parts)} parts failed repeatedly, beginning with part {named}; all"
            " others are imported. Start the job again to try them again"
        )
        logger.error("parts of a job failed repeatedly", job_id=job.id, parts=named)
        error = JobError(code="parts_failed", message=message)
        self.jobs.end(job, JobStatus.FAILED, self.now(), error)
