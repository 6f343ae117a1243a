"""Builds the body of a job: its progress, rate and errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from grok_insights.aws.files import URL_SECONDS, errors_key
from grok_insights.domain import timestamps
from grok_insights.domain.job import Counts, Job, JobPhase, JobStatus, Part
from grok_insights.domain.rework import CHANGED, DONE, ERROR, FAILED, FLIP, SKIPPED
from grok_insights.jobs.estimate import Prices, estimate, estimate_rework

if TYPE_CHECKING:
    from grok_insights.aws.files import Files
    from grok_insights.bodies.jobs import JobBody, OutcomesBody, ProgressBody


BEFORE_SENDING: Final = {JobPhase.READING, JobPhase.COUNTING}


def body(
    job: Job, parts: Sequence[Part] | None, prices: Prices, now: datetime, files: Files
) -> JobBody:
    """Return the body of a job. Without ``parts``, its counts are those of the last plan."""
    counts = job.counts if parts is None else total(job.settled_counts, parts)
    seconds = (job.finished_at or now) - job.started_at
    done, whole = (
        (counts.lines, job.checkpoint.lines) if job.upload else (job.outcomes, counts.selected)
    )
    rate = done / seconds.total_seconds() if seconds else 0.0
    is_sending = job.is_running and job.phase not in BEFORE_SENDING and rate > 0
    shown: JobBody = {
        "id": job.id,
        "kind": job.kind,
        "status": job.status,
        "phase": job.phase if job.is_running else None,
        "waiting_for": job.waiting_for,
        "file": job.upload.name if job.upload else None,
        "filter": _filter(job),
        "dry_run": job.options.dry_run,
        "run": job.run,
        "progress": _progress(job, counts),
        "counts": {
            "accepted": counts.accepted,
            "repeated": counts.repeated,
            "rejected": counts.rejected,
            "erased": counts.erased,
        },
        "lines_per_second": round(rate, 1) if rate else None,
        "eta_seconds": round((whole - done) / rate) if is_sending else None,
        "estimate": estimate(job.checkpoint, prices)
        if job.upload
        else estimate_rework(job, counts, prices),
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


def outcomes_body(counts: Counter[str]) -> OutcomesBody:
    """Return the body of what became of the insights of a job."""
    return {
        "done": counts[DONE],
        "changed": counts[CHANGED],
        "failed": counts[FAILED],
        "skipped": counts[SKIPPED],
        "changes": _named(counts, f"{CHANGED}."),
        "sentiment_flips": _named(counts, FLIP),
        "errors": _named(counts, ERROR),
    }


def _named(counts: Counter[str], prefix: str) -> dict[str, int]:
    """Return the counts whose name has a prefix, without it, the largest first."""
    found = {k.removeprefix(prefix): n for k, n in counts.items() if k.startswith(prefix)}
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _filter(job: Job) -> dict[str, Any] | None:
    if job.options.filter is None:
        return None
    return job.options.filter.model_dump(mode="json", by_alias=True, exclude_none=True)


def _progress(job: Job, counts: Counts) -> ProgressBody:
    if job.upload is None:
        return _progress_of_rework(job, counts)
    read = job.checkpoint
    size = job.file.size
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


def _progress_of_rework(job: Job, counts: Counts) -> ProgressBody:
    """Return the progress in slices while they are counted, and then in insights."""
    is_counting = job.passes <= 1
    slices = job.slices.number if job.slices else 0
    done, whole = (job.settled, slices) if is_counting else (job.outcomes, counts.selected)
    is_done = job.status is JobStatus.COMPLETED
    return {
        "bytes_read": 0,
        "bytes_total": 0,
        "lines_done": job.outcomes,
        "lines_total": None if is_counting and not is_done else counts.selected,
        "percent": 100.0 if is_done else round(100 * min(done, whole) / whole, 1) if whole else 0.0,
    }
