"""Builds the body of a job: its progress, rate and errors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from grok_insights.aws.files import URL_SECONDS, errors_key
from grok_insights.domain import timestamps
from grok_insights.domain.job import Counts, Job, JobPhase, JobStatus, Part
from grok_insights.jobs.estimate import Prices, estimate

if TYPE_CHECKING:
    from grok_insights.aws.files import Files
    from grok_insights.bodies.jobs import JobBody, ProgressBody


def body(
    job: Job, parts: Sequence[Part] | None, prices: Prices, now: datetime, files: Files
) -> JobBody:
    """Return the body of a job. Without ``parts``, its counts are those of the last plan."""
    counts = job.counts if parts is None else total(job.settled_counts, parts)
    seconds = (job.finished_at or now) - job.started_at
    rate = counts.lines / seconds.total_seconds() if seconds else 0.0
    remaining = job.checkpoint.lines - counts.lines
    is_sending = job.is_running and job.phase is not JobPhase.READING and rate > 0
    shown: JobBody = {
        "id": job.id,
        "kind": job.kind,
        "status": job.status,
        "phase": job.phase if job.is_running else None,
        "waiting_for": job.waiting_for,
        "file": job.upload.name,
        "dry_run": job.options.dry_run,
        "run": job.run,
        "progress": _progress(job, counts),
        "counts": {
            "accepted": counts.accepted,
            "repeated": counts.repeated,
            "rejected": counts.rejected,
        },
        "lines_per_second": round(rate, 1) if rate else None,
        "eta_seconds": round(remaining / rate) if is_sending else None,
        "estimate": estimate(job.checkpoint, prices),
        "error": None if job.error is None else {**job.error.model_dump()},  # type: ignore[typeddict-item]
        "created_at": timestamps.to_text(job.created_at),
        "started_at": timestamps.to_text(job.started_at),
        "updated_at": timestamps.to_text(job.updated_at),
        "finished_at": timestamps.to_text(job.finished_at) if job.finished_at else None,
    }
    if counts.rejected and job.status is JobStatus.COMPLETED:
        shown["rejected_file"] = {
            "url": files.download_url(errors_key(job.id), f"rejected-{job.id}.jsonl"),
            "expires_at": timestamps.to_text(now + timedelta(seconds=URL_SECONDS)),
        }
    return shown


def total(settled: Counts, parts: Sequence[Part]) -> Counts:
    """Return the counts of settled parts and of others."""
    for part in parts:
        settled += part.counts
    return settled


def _progress(job: Job, counts: Counts) -> ProgressBody:
    read = job.checkpoint
    size = job.upload.size
    done, whole = (
        (counts.lines, read.lines)
        if read.is_complete and not job.options.dry_run
        else (min(read.offset, size), size)
    )
    is_done = job.status is JobStatus.COMPLETED
    return {
        "bytes_read": size if read.is_complete else min(read.offset, size),
        "bytes_total": size,
        "lines_done": counts.lines,
        "lines_total": read.lines if read.is_complete else None,
        "percent": 100.0 if is_done else round(100 * done / whole, 1) if whole else 0.0,
    }
