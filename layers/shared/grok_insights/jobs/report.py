"""Builds the body of a job: its progress, rate and errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from grok_insights.aws.files import EXPORT_DAYS, URL_SECONDS, errors_key
from grok_insights.domain import timestamps
from grok_insights.domain.job import Counts, Job, JobKind, JobPhase, JobStatus, Part
from grok_insights.domain.rework import CHANGED, DONE, ERROR, FAILED, FLIP, SKIPPED
from grok_insights.jobs.estimate import Prices, estimate, estimate_rework

if TYPE_CHECKING:
    from grok_insights.aws.files import Files
    from grok_insights.bodies.jobs import ExportFileBody, JobBody, OutcomesBody, ProgressBody


BEFORE_SENDING: Final = {JobPhase.READING, JobPhase.COUNTING}


def body(
    job: Job, parts: Sequence[Part] | None, prices: Prices, now: datetime, files: Files
) -> JobBody:
    """Return the body of a job. Without ``parts``, its counts are those of the last plan."""
    counts = job.counts if parts is None else total(job.settled_counts, parts)
    progress = _progress(job, parts or (), counts)
    seconds = ((job.finished_at or now) - job.started_at).total_seconds()
    rate = progress["lines_done"] / seconds if seconds else 0.0
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
        "progress": progress,
        "counts": {
            "accepted": counts.accepted,
            "repeated": counts.repeated,
            "rejected": counts.rejected,
            "erased": counts.erased,
        },
        "lines_per_second": round(rate, 1) if rate else None,
        "eta_seconds": _eta_seconds(job, progress, rate, seconds) if rate else None,
        "estimate": estimate(job.checkpoint, prices)
        if job.upload
        else estimate_rework(job, counts, prices)
        if job.kind is JobKind.REANALYSIS
        else None,
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
    if (file := export_file(job, now, files)) is not None:
        shown["export_file"] = file
    return shown


def export_file(job: Job, now: datetime, files: Files) -> ExportFileBody | None:
    """Return the file of an export; None if there is none, or none any more."""
    if job.export is None or job.finished_at is None or job.status is not JobStatus.COMPLETED:
        return None
    until = job.finished_at + timedelta(days=EXPORT_DAYS)
    if now >= until:
        return None
    name = f"insights-{job.id}.{job.export.name.rsplit('.', 1)[-1]}"
    return {
        "url": files.download_url(job.export.key, name),
        "bytes": job.export.size,
        "expires_at": timestamps.to_text(now + timedelta(seconds=URL_SECONDS)),
        "available_until": timestamps.to_text(until),
    }


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


def _eta_seconds(job: Job, progress: ProgressBody, rate: float, seconds: float) -> int | None:
    """Return the seconds until the end, by the lines that are left, or by the percentage."""
    if not job.is_running or job.phase in BEFORE_SENDING:
        return None
    if progress["lines_total"] is not None:
        return round((progress["lines_total"] - progress["lines_done"]) / rate)
    percent = progress["percent"]
    return round(seconds * (100 - percent) / percent) if percent else None


def _progress(job: Job, parts: Sequence[Part], counts: Counts) -> ProgressBody:
    if job.kind.reads_once:
        return _progress_of_slices(job, parts, counts)
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


def _progress_of_slices(job: Job, parts: Sequence[Part], counts: Counts) -> ProgressBody:
    """Return the progress in slices, since the insights are counted while they are processed."""
    done = job.settled + sum(part.is_complete for part in parts)
    is_done = job.status is JobStatus.COMPLETED
    return {
        "bytes_read": 0,
        "bytes_total": 0,
        "lines_done": counts.selected,
        "lines_total": counts.selected if is_done else None,
        "percent": 100.0 if is_done else round(100 * done / job.parts, 1) if job.parts else 0.0,
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
