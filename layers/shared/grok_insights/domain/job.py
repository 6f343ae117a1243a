"""A job: long work that runs on Step Functions, its progress, and the parts of its work.

An import reads a file in parts. A job of another kind reads stored insights in slices, which are
its parts: see `grok_insights.domain.slices`.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self
from uuid import UUID, uuid5

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from grok_insights.domain.insight import Status
from grok_insights.domain.job_filter import JobFilter
from grok_insights.domain.slices import Slices
from grok_insights.domain.timestamps import Instant
from grok_insights.validation import Model

CHUNK_LINES: Final = 500
"""Lines of a part that are accepted together, and counted in one write."""

PART_LINES: Final = 2_000
PART_BYTES: Final = 4_194_304
"""The largest part. It is processed by one child execution, which may last 5 minutes."""

MAX_LINE_BYTES: Final = 4_194_304
"""The longest line of a file that is read: a text of 380,000 bytes has fewer, even if escaped."""

MAX_ATTEMPTS: Final = 5
"""Runs of a part that end without progress before the part is set aside."""

MAX_FAILED_PARTS: Final = 100

TEXT_COLUMN: Final = "text"
METADATA_PREFIX: Final = "metadata."


class JobKind(StrEnum):
    """What a job does."""

    IMPORT = "import"
    REANALYSIS = "reanalysis"
    REMAP = "remap"
    EXPORT = "export"

    @property
    def reads_once(self) -> bool:
        """Return whether a job of this kind reads its slices only once."""
        return self in {JobKind.REMAP, JobKind.EXPORT}


class JobStatus(StrEnum):
    """How far a job is."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobPhase(StrEnum):
    """What a running job does now."""

    READING = "reading"
    IMPORTING = "importing"
    COUNTING = "counting"
    SENDING = "sending"
    CHECKING = "checking"
    MAPPING = "mapping"
    EXPORTING = "exporting"
    COMPOSING = "composing"
    WAITING = "waiting"


class Encoding(StrEnum):
    """How the characters of a file are encoded."""

    UTF_8 = "utf-8"
    LATIN_1 = "latin-1"


class FileFormat(StrEnum):
    """How conversations or insights stand in a file."""

    JSONL = "jsonl"
    CSV = "csv"


class Include(StrEnum):
    """What an export has of a conversation, besides its insight."""

    TEXT = "text"
    METADATA = "metadata"


KINDS_WITH: Final = {
    **dict.fromkeys(("upload_id", "encoding", "delimiter", "mapping", "again"), (JobKind.IMPORT,)),
    "format": (JobKind.IMPORT, JobKind.EXPORT),
    "include": (JobKind.EXPORT,),
}
"""The kinds of jobs that have an option, for options that not all have."""


def _known_targets(mapping: dict[str, str]) -> dict[str, str]:
    known = {"text", "external_id", "occurred_at"}
    unknown = [one for one in mapping if one not in known and not one.startswith(METADATA_PREFIX)]
    if unknown:
        raise ValueError("maps to text, external_id, occurred_at and metadata.NAME only")
    if TEXT_COLUMN not in mapping:
        raise ValueError("must name the column of the text")
    return mapping


Name = Annotated[str, Field(min_length=1, max_length=256)]
Mapping = Annotated[dict[Name, Name], Field(max_length=50), AfterValidator(_known_targets)]


class NewJob(Model):
    """A job to start."""

    kind: JobKind = Field(description="What the job does.")
    upload_id: UUID | None = Field(
        None, description="Of an import: the upload, all parts of which have been sent."
    )
    filter: JobFilter | None = Field(
        None, description="Of other jobs: which insights. Without it, all that are stored."
    )
    format: FileFormat | None = Field(
        None,
        description="Of an import: without it, a file that begins with `{` is `jsonl`, and others "
        "`csv`. Of an export: `jsonl` without it.",
    )
    encoding: Encoding = Field(Encoding.UTF_8, description="Encoding of the file.")
    delimiter: Annotated[str, Field(pattern=r"^[^\r\n\"]$")] | None = Field(
        None,
        description="What separates the columns of a CSV file. Without it, the header decides.",
    )
    mapping: Mapping | None = Field(
        None,
        description=(
            "The column or field of the file for each field of a conversation: `text`, "
            "`external_id`, `occurred_at`, `metadata.NAME`. Without it, they have these names."
        ),
    )
    dry_run: bool = Field(
        False,
        description="Only count: lines or insights with the tokens, the cost and the time, or what "
        "a remap would change.",
    )
    again: bool = Field(
        False, description="Import a file that was imported before. Nothing is analysed twice."
    )
    include: tuple[Include, ...] = Field(
        (), max_length=len(Include), description="Of an export: what it has of each conversation."
    )

    @field_validator(*KINDS_WITH)
    @classmethod
    def _is_of_another_kind(cls, value: object, info: ValidationInfo) -> object:
        name, kind = str(info.field_name), info.data.get("kind")
        is_given = value != cls.model_fields[name].default
        if kind is not None and is_given and kind not in KINDS_WITH[name]:
            raise ValueError(f"is an option of {' and '.join(KINDS_WITH[name])} only")
        return value

    @field_validator("filter")
    @classmethod
    def _is_of_its_kind(cls, sent: JobFilter | None, info: ValidationInfo) -> JobFilter | None:
        if sent and info.data.get("kind") is JobKind.IMPORT:
            raise ValueError("is no option of imports")
        if sent and sent.status is Status.FAILED and info.data.get("kind") is JobKind.REMAP:
            raise ValueError("must not have the status failed: a remap changes completed insights")
        return sent

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if self.kind is JobKind.IMPORT and self.upload_id is None:
            raise ValueError("an import needs an upload_id")
        return self


class Checkpoint(Model):
    """How far the file is read. ``offset`` and ``line`` are where reading goes on.

    ``digest`` is of the file's blocks before the block with ``offset``, and of all when complete.
    """

    offset: int = 0
    line: int = 0
    parts: int = 0
    lines: int = 0
    unreadable: int = 0
    tokens: int = 0
    cost_ticks: int = 0
    digest: str = ""
    is_gzip: bool = False
    format: FileFormat | None = None
    delimiter: str = ","
    columns: tuple[tuple[str, int], ...] = ()
    width: int = 0
    is_complete: bool = False


class Counts(Model):
    """What became of lines and insights.

    Lines are accepted or rejected, or their conversation stays ``erased``; ``repeated`` are
    accepted, and were stored before. Insights are ``selected`` by the filter, and their analysis
    took ``tokens``. Then messages are ``sent``.
    ``outcomes`` are those that a dry run would have, named as in `grok_insights.domain.rework`.
    """

    accepted: int = 0
    repeated: int = 0
    rejected: int = 0
    erased: int = 0
    selected: int = 0
    tokens: int = 0
    sent: int = 0
    outcomes: dict[str, int] = Field(default_factory=dict)

    def __add__(self, other: Counts) -> Counts:
        """Return the sums."""
        names = type(self).model_fields.keys() - {"outcomes"}
        sums = {name: getattr(self, name) + getattr(other, name) for name in names}
        return Counts(**sums, outcomes=Counter(self.outcomes) + Counter(other.outcomes))

    @property
    def lines(self) -> int:
        """Return how many lines they count."""
        return self.accepted + self.rejected + self.erased


class JobError(Model):
    """Why a job failed. The message contains nothing of the file."""

    code: str
    message: str


class Upload(Model):
    """A file that is sent in parts, by a client or by an export.

    S3 calls the multipart upload ``s3_upload_id``.
    """

    id: str
    key: str
    s3_upload_id: str
    name: str
    size: int
    created_at: Instant


class ComposedFile(Upload):
    """The file of an export. All its parts but the last have ``piece_bytes``."""

    piece_bytes: int


class Job(Model):
    """A job. ``run`` counts its starts, and each change raises ``version``."""

    id: str
    kind: JobKind
    status: JobStatus
    phase: JobPhase = JobPhase.READING
    run: int = 1
    version: int = 1
    created_at: Instant
    started_at: Instant
    updated_at: Instant
    finished_at: Instant | None = None
    options: NewJob
    upload: Upload | None = None
    slices: Slices | None = None
    """Of a job on stored insights, from its first step on."""
    passes: int = 0
    """How often all slices are read: once to count, and then until nothing is left to send."""
    sent_before: int = 0
    """Messages that were sent before the present pass."""
    outcomes: int = 0
    """Conversations that had an outcome when the job was last planned."""
    export: ComposedFile | None = None
    """The file of an export, once its slices are written."""
    checkpoint: Checkpoint = Checkpoint()
    settled: int = 0
    """All parts with a smaller number are complete, or set aside."""
    settled_counts: Counts = Counts()
    counts: Counts = Counts()
    """Of all parts, when the job was last planned."""
    failed_parts: tuple[int, ...] = ()
    waiting_for: str | None = None
    waits: int = 0
    """Consecutive rounds in which the job waited."""
    rounds: int = 0
    error: JobError | None = None

    @property
    def is_running(self) -> bool:
        """Return whether it has not ended."""
        return self.status is JobStatus.RUNNING

    @property
    def file(self) -> Upload:
        """Return the upload of an import."""
        assert self.upload is not None
        return self.upload

    @property
    def parts(self) -> int:
        """Return how many parts are known: those of the file, or the slices of all passes."""
        slices = 0 if self.slices is None else self.slices.number
        return self.checkpoint.parts if self.upload else self.passes * slices

    @property
    def is_planned(self) -> bool:
        """Return whether its parts are known."""
        return self.checkpoint.is_complete or self.slices is not None

    def ended(self, status: JobStatus, at: datetime, error: JobError | None = None) -> Job:
        """Return the job after its end."""
        return self.changed(
            status=status, finished_at=at, updated_at=at, error=error, waiting_for=None
        )

    def started_again(self, at: datetime) -> Job:
        """Return the job after another start. It goes on from its checkpoint and its parts."""
        phase = JobPhase.IMPORTING if self.checkpoint.is_complete else JobPhase.READING
        phase = phase if self.upload else JobPhase.CHECKING
        return self.changed(
            status=JobStatus.RUNNING,
            phase=phase,
            run=self.run + 1,
            started_at=at,
            updated_at=at,
            finished_at=None,
            settled=0,
            settled_counts=Counts(),
            failed_parts=(),
            waits=0,
            rounds=0,
            error=None,
        )

    def changed(self, **values: object) -> Job:
        """Return the job with other values."""
        return self.model_copy(update=values)


class PartFile(Model):
    """A file that a slice of an export has written: the end of its key, and its bytes."""

    name: str
    size: int


class Part(Model):
    """The progress of one part: how many of its lines are done.

    ``attempts`` counts the runs of ``run`` that began since its last progress. ``position`` is that
    of the last insight of a slice that was read. ``files`` are those that an export has written.
    """

    job_id: str
    number: int
    run: int = 0
    attempts: int = 0
    done: int = 0
    position: str = ""
    is_complete: bool = False
    counts: Counts = Counts()
    files: tuple[PartFile, ...] = ()

    def is_poison(self, run: int) -> bool:
        """Return whether the part has failed too often in a run of the job."""
        return not self.is_complete and self.run == run and self.attempts >= MAX_ATTEMPTS


class StepName(StrEnum):
    """A step of the state machine that is a call of the function."""

    READ = "read"
    PLAN = "plan"
    PART = "part"
    FINISH = "finish"
    FAIL = "fail"


NextState = Literal["read", "plan", "wait", "import", "import_one_by_one", "finish", "stop"]


def line_id(digest: str, line: int) -> UUID:
    """Return the id of the conversation in a line without ``external_id``, always the same."""
    return uuid5(UUID(digest[:32]), f"{digest}:{line}")
