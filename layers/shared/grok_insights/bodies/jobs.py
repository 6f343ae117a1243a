"""The bodies of responses about uploads and jobs."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from grok_insights.bodies.fields import Count, Timestamp
from grok_insights.domain.job import JobKind, JobPhase, JobStatus

Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]


class UploadPartBody(TypedDict):
    """A part of a file that is to be sent with PUT, with exactly this size."""

    part: Annotated[int, Field(ge=1, description="Number of the part, from 1.")]
    size: Annotated[int, Field(ge=1, description="Bytes of the part.")]
    url: Annotated[str, Field(description="Where the part is sent to.")]


class UploadBody(TypedDict):
    """An upload, and the next parts that are missing."""

    id: Annotated[Id, Field(description="Id of the upload.")]
    name: Annotated[str, Field(description="Name of the file.")]
    size: Annotated[int, Field(ge=1, description="Bytes of the file.")]
    part_size: Annotated[int, Field(ge=1, description="Bytes of each part but the last.")]
    parts: Annotated[int, Field(ge=1, description="Number of parts.")]
    uploaded: Annotated[Count, Field(description="Parts that have been sent.")]
    missing: Annotated[
        list[UploadPartBody],
        Field(max_length=100, description="The next missing parts; GET returns those after them."),
    ]
    expires_at: Annotated[Timestamp, Field(description="Until when the addresses are valid.")]


class ProgressBody(TypedDict):
    """How far a job is."""

    bytes_read: Annotated[Count, Field(description="Bytes of the file that are read.")]
    bytes_total: Annotated[Count, Field(description="Bytes of the file.")]
    lines_done: Annotated[Count, Field(description="Lines or insights that are done.")]
    lines_total: Annotated[
        int | None, Field(description="Lines, or insights; null until all are read.")
    ]
    percent: Annotated[float, Field(ge=0, le=100, description="Of the present phase.")]


class LineCountsBody(TypedDict):
    """Lines of a file, by their outcome."""

    accepted: Annotated[Count, Field(description="Lines whose conversation is stored.")]
    repeated: Annotated[Count, Field(description="Of these, those that were stored before.")]
    rejected: Annotated[Count, Field(description="Lines that were rejected.")]
    erased: Annotated[
        Count, Field(description="Lines whose conversation was erased; it is not stored again.")
    ]


class EstimateBody(TypedDict):
    """What the analysis of all conversations will take, estimated from their length."""

    lines: Annotated[Count, Field(description="Lines of the file, or insights.")]
    unreadable: Annotated[Count, Field(description="Of these, lines that cannot be read.")]
    tokens: Annotated[Count, Field(description="Tokens, with those of the instructions.")]
    cost_usd: Annotated[str, Field(description="Cost in USD, if Grok analyses them.")]
    seconds: Annotated[Count, Field(description="Seconds at the highest rate of calls.")]
    days_of_budget: Annotated[
        int | None, Field(description="Days, by the daily budget; null without a budget.")
    ]


class OutcomesBody(TypedDict):
    """What became of the insights that a job analyses again, or maps anew."""

    done: Annotated[Count, Field(description="Insights that were replaced.")]
    changed: Annotated[
        Count,
        Field(
            description="Of these, those with another status, sentiment, topic or value. In a dry "
            "run of a remap: those that would change."
        ),
    ]
    failed: Annotated[Count, Field(description="Those without an analysis. They stay as they are.")]
    skipped: Annotated[
        Count, Field(description="Those that were replaced or deleted after they were selected.")
    ]
    changes: Annotated[
        dict[str, int],
        Field(
            description="How often `sentiment`, `topics`, `field.NAME` and so on have changed.",
            examples=[{"topics": 120, "sentiment": 14}],
        ),
    ]
    sentiment_flips: Annotated[
        dict[str, int],
        Field(description="By `BEFORE.AFTER`.", examples=[{"negative.neutral": 14}]),
    ]
    errors: Annotated[
        dict[str, int], Field(description="Failures by code.", examples=[{"timeout": 2}])
    ]


class JobErrorBody(TypedDict):
    """Why a job failed."""

    code: Annotated[str, Field(description="The reason, for programs.")]
    message: Annotated[str, Field(description="The reason in a sentence.")]


class RejectedFileBody(TypedDict):
    """The file with the rejected lines: JSON Lines with line number and reason."""

    url: Annotated[str, Field(description="Address of the file.")]
    expires_at: Annotated[Timestamp, Field(description="Until when the address is valid.")]


class ExportFileBody(TypedDict):
    """The file of an export. It is deleted after 7 days."""

    url: Annotated[str, Field(description="Address of the file, for whoever has it.")]
    bytes: Annotated[Count, Field(description="Size of the file.")]
    expires_at: Annotated[Timestamp, Field(description="Until when the address is valid.")]
    available_until: Annotated[Timestamp, Field(description="Until when there is a file.")]


class StartedJobBody(TypedDict):
    """A job that was started."""

    id: Annotated[Id, Field(description="Id of the job.")]
    kind: Annotated[JobKind, Field(description="What it does.")]
    status: Annotated[JobStatus, Field(description="How far it is.")]


class JobBody(TypedDict):
    """A job and its progress."""

    id: Annotated[Id, Field(description="Id of the job.")]
    kind: Annotated[JobKind, Field(description="What it does.")]
    status: Annotated[JobStatus, Field(description="How far it is.")]
    phase: Annotated[JobPhase | None, Field(description="What a running job does now.")]
    waiting_for: Annotated[
        str | None,
        Field(
            description="Why a job waits: `queue`, `analysis`, `new_conversations`, or the reason "
            "of a pause."
        ),
    ]
    file: Annotated[str | None, Field(description="Of an import: the name of the file.")]
    filter: Annotated[
        dict[str, Any] | None, Field(description="Of other jobs: which insights; null for all.")
    ]
    dry_run: Annotated[bool, Field(description="Whether it only estimates.")]
    run: Annotated[int, Field(ge=1, description="How often it was started.")]
    progress: Annotated[ProgressBody, Field(description="How far it is.")]
    counts: Annotated[LineCountsBody, Field(description="What became of the lines.")]
    lines_per_second: Annotated[
        float | None, Field(description="Lines per second since the last start.")
    ]
    eta_seconds: Annotated[
        int | None, Field(description="Seconds until all lines are sent, at this rate.")
    ]
    estimate: Annotated[
        EstimateBody | None,
        Field(description="Null until all is read, and for jobs that analyse nothing."),
    ]
    outcomes: NotRequired[Annotated[OutcomesBody, Field(description="Of re-analyses and remaps.")]]
    error: Annotated[JobErrorBody | None, Field(description="Why it failed.")]
    rejected_file: NotRequired[
        Annotated[RejectedFileBody, Field(description="Where lines were rejected.")]
    ]
    export_file: NotRequired[
        Annotated[ExportFileBody, Field(description="Of a completed export with insights.")]
    ]
    created_at: Annotated[Timestamp, Field(description="When it was made.")]
    started_at: Annotated[Timestamp, Field(description="When it was last started.")]
    updated_at: Annotated[Timestamp, Field(description="When it last changed.")]
    finished_at: Annotated[Timestamp | None, Field(description="When it ended.")]


class JobsBody(TypedDict):
    """The newest jobs."""

    items: Annotated[list[JobBody], Field(description="Jobs, newest first.")]
