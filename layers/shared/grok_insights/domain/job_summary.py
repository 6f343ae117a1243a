"""Sums up jobs for operators: how many there are, how far they are, and which are stuck. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from grok_insights.domain.job import Job, JobKind, JobStatus

STUCK_AFTER: Final = timedelta(hours=1)
"""A running job is planned again after 10 minutes at the latest, unless a round lasts longer."""


@dataclass(frozen=True, slots=True)
class JobSummary:
    """Jobs by kind. ``done`` and ``total`` are lines or insights of running jobs.

    ``parts_failed`` are parts that were set aside. ``seconds_without_progress`` are those of the
    running job that has not been planned for longest.
    """

    jobs: Counter[tuple[JobKind, JobStatus]] = field(default_factory=Counter)
    done: Counter[JobKind] = field(default_factory=Counter)
    total: Counter[JobKind] = field(default_factory=Counter)
    parts_failed: Counter[JobKind] = field(default_factory=Counter)
    seconds_without_progress: Counter[JobKind] = field(default_factory=Counter)


def summary(jobs: Iterable[Job], now: datetime) -> JobSummary:
    """Return the summary of jobs, with the counts of their last plan."""
    summed = JobSummary()
    for job in jobs:
        kind = job.kind
        summed.jobs[kind, job.status] += 1
        summed.parts_failed[kind] += len(job.failed_parts)
        if job.is_running:
            done, total = progress(job)
            summed.done[kind] += done
            summed.total[kind] += total
            seconds = int((now - job.updated_at).total_seconds())
            summed.seconds_without_progress[kind] = max(
                seconds, summed.seconds_without_progress[kind]
            )
    return summed


def progress(job: Job) -> tuple[int, int]:
    """Return how many lines or insights are done, and how many there are as far as it is known."""
    if job.upload is not None:
        return job.counts.lines, job.checkpoint.lines
    return job.outcomes, job.counts.selected


def stuck(jobs: Iterable[Job], now: datetime) -> list[Job]:
    """Return the jobs that run and have not been planned for an hour."""
    return [job for job in jobs if job.is_running and now - job.updated_at > STUCK_AFTER]
