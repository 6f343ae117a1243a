"""Plans the next round of a job on stored insights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.domain.job import Job, JobKind, JobPhase, Part
from grok_insights.jobs.plan import Plan, fault_of, settled

if TYPE_CHECKING:
    from grok_insights.aws.jobs import Jobs
    from grok_insights.jobs.rework.slices import SliceWork

MAX_SLICES: Final = 120
"""Slices of a round. Each lasts for 90 seconds at most, four at a time: 45 minutes, after which the
alarm for stuck jobs still waits."""


@dataclass(frozen=True, slots=True)
class ReworkPlanner:
    """Plans rounds by the work of each kind."""

    jobs: Jobs
    works: Mapping[JobKind, SliceWork]
    now: Callable[[], datetime]

    def __call__(self, job: Job) -> Plan:
        """Return the plan of the next round."""
        job, parts = settled(self.jobs, job, self.now())
        return fault_of(job) or self.works[job.kind].plan(job, parts)


def reading(job: Job, phase: JobPhase, parts: Sequence[Part]) -> Plan:
    """Return the plan to process the first of some parts."""
    job = job.changed(phase=phase, waiting_for=None, waits=0)
    return Plan(job, "import", parts=[part.number for part in parts[:MAX_SLICES]])
