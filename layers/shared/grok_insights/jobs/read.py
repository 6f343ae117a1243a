"""Reads a file in one pass, and writes its records into parts. It goes on from its checkpoint.

The same file always gives the same parts, so that a part can be written again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.aws.files import part_key
from grok_insights.domain.job import PART_BYTES, PART_LINES, Checkpoint, Job
from grok_insights.jobs.estimate import tokens_of
from grok_insights.jobs.files import faults
from grok_insights.jobs.files.faults import FileFault
from grok_insights.jobs.files.source import Source

if TYPE_CHECKING:
    from grok_insights.aws.files import Body, Files
    from grok_insights.aws.jobs import Jobs
    from grok_insights.jobs.files.records import Record


@dataclass(slots=True)
class _Buffer:
    """The records of the part that is being filled, and the sums of all parts."""

    start: Checkpoint
    part_lines: int
    overhead_tokens: int
    content: list[bytes] = field(default_factory=list)
    size: int = 0
    parts: int = 0
    lines: int = 0
    unreadable: int = 0
    tokens: int = 0
    first_error: str = ""

    def __post_init__(self) -> None:
        start = self.start
        self.parts, self.lines = start.parts, start.lines
        self.unreadable, self.tokens = start.unreadable, start.tokens

    @property
    def is_full(self) -> bool:
        return len(self.content) >= self.part_lines or self.size >= PART_BYTES

    def add(self, record: Record) -> None:
        self.lines += 1
        if record.item is None:
            self.unreadable += 1
            self.first_error = self.first_error or f"line {record.line}: {record.error}"
            entry = {"line": record.line, "error": record.error}
        else:
            self.tokens += tokens_of(record.item, self.overhead_tokens)
            entry = {"line": record.line, "item": record.item}
        encoded = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        self.content.append(encoded)
        self.size += len(encoded)

    def sums(self) -> dict[str, int]:
        names = ("parts", "lines", "unreadable", "tokens")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the file of a job. ``monotonic`` is in seconds.

    ``overhead_tokens`` returns the tokens of a call in addition to the conversation, with the
    active profile. ``part_lines`` are the lines of each part, unless `PART_BYTES` are reached
    before.
    """

    jobs: Jobs
    files: Files
    overhead_tokens: Callable[[], int]
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    part_lines: int = PART_LINES

    def __call__(self, job: Job, deadline: float) -> Job | None:
        """Read until the end or the deadline, and return the job; None if it was changed.

        Raises
        ------
        FileFault
            The file cannot be imported.
        """
        if job.checkpoint.is_complete:
            return job
        source = Source(lambda start: self._opened(job, start), job.options, job.checkpoint)
        buffer = _Buffer(source.start, self.part_lines, self.overhead_tokens())
        changed: Job | None = job
        for record in source.records():
            buffer.add(record)
            if buffer.is_full:
                changed = self._end_part(job, source, buffer)
                if changed is None:
                    return None
                job = changed
                if self.monotonic() >= deadline:
                    return self._stopped(job, source)
        return self._complete(job, source, buffer)

    def _opened(self, job: Job, start: int) -> Body:
        body = self.files.open(job.file.key, start)
        if body is None:
            raise FileFault("no_file", "the file is not there; upload it again")
        return body

    def _end_part(self, job: Job, source: Source, buffer: _Buffer) -> Job | None:
        self._write(job, buffer)
        checkpoint = Checkpoint.model_validate(source.position() | buffer.sums())
        return self.jobs.replace(job.changed(checkpoint=checkpoint, updated_at=self.now()))

    def _write(self, job: Job, buffer: _Buffer) -> None:
        if not job.options.dry_run:
            self.files.put(part_key(job.id, buffer.parts), b"".join(buffer.content))
        buffer.parts += 1
        buffer.content.clear()
        buffer.size = 0

    def _stopped(self, job: Job, source: Source) -> Job:
        if source.is_gzip:
            raise FileFault(
                faults.GZIP,
                "the compressed file cannot be read within one run of the function, which must"
                " read it from its start; upload it without compression, or in several files",
            )
        return job

    def _complete(self, job: Job, source: Source, buffer: _Buffer) -> Job | None:
        if buffer.content:
            self._write(job, buffer)
        if not buffer.lines:
            raise FileFault(faults.EMPTY, "the file has no conversation")
        if buffer.lines == buffer.unreadable:
            raise FileFault(faults.FORMAT, f"no line of the file can be read; {buffer.first_error}")
        position = source.position() | buffer.sums()
        position |= {"digest": source.digest(), "is_complete": True}
        checkpoint = Checkpoint.model_validate(position)
        return self.jobs.replace(job.changed(checkpoint=checkpoint, updated_at=self.now()))
