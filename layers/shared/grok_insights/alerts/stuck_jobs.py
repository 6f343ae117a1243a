"""Watches the running jobs: a metric says how many of them are stuck."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.domain.job_summary import stuck
from grok_insights.telemetry import MetricUnit, logger, metrics

if TYPE_CHECKING:
    from grok_insights.aws.jobs import Jobs

WATCHED: Final = 20
"""How many of the newest jobs are watched. They are read each minute."""


@dataclass(frozen=True, slots=True)
class WatchJobs:
    """The use case. Nobody else sees an execution that ended without ending its job."""

    jobs: Jobs
    now: Callable[[], datetime]

    def run(self) -> None:
        """Emit how many jobs run and have not been planned for an hour.

        Raises
        ------
        ClientError, BotoCoreError
            The jobs could not be read.
        """
        found = stuck(self.jobs.newest(WATCHED), self.now())
        metrics.add_metric("JobsStuck", MetricUnit.Count, len(found))
        for job in found:
            logger.warning("a job is stuck", job_id=job.id, phase=job.phase)
