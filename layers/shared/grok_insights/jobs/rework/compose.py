"""Makes one file of the files that slices have written, in their order.

S3 composes objects only if each has 5 MB or more, and slices may be smaller. So pieces of a fixed
size are read and sent as the parts of a multipart upload. What a piece contains follows from the
sizes of the files, so that pieces can be sent twice, and another call goes on with those missing.
The job keeps the size of its pieces, in case that a deployment changes it meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.aws import concurrent
from grok_insights.aws.files import export_key, export_part_key
from grok_insights.domain.job import ComposedFile, FileFormat, Job, JobPhase, Part, PartFile
from grok_insights.jobs.files.faults import FileFault

if TYPE_CHECKING:
    from grok_insights.aws.files import Files
    from grok_insights.aws.jobs import Jobs

PIECE_BYTES: Final = 16_777_216
MAX_PIECES: Final = 10_000
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes the files of exports. One piece is in memory at a time."""

    jobs: Jobs
    files: Files
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    piece_bytes: int = PIECE_BYTES

    def __call__(self, job: Job, deadline: float) -> Job | None:
        """Make the file of a job, and return the job; None if the deadline came before the end.

        Raises
        ------
        FileFault
            A file of a slice is not there any more.
        """
        written = _written(self.jobs.parts(job.id, range(job.parts)))
        begun = self._begun(job, sum(one.size for one in written))
        if begun is None or begun.export is None:
            return None
        sent = self.files.sent_parts(begun.export)
        if sent is not None:
            if not self._send(begun.id, begun.export, written, sent, deadline):
                return None
            self.files.complete_upload(begun.export, sent)
        concurrent.each(lambda one: self.files.delete(export_part_key(job.id, one.name)), written)
        return begun

    def _begun(self, job: Job, size: int) -> Job | None:
        """Return the job with the upload of its file; None if it was changed at the same time."""
        if job.export is not None:
            return job
        key = export_key(job.id, job.options.format or FileFormat.JSONL)
        upload = ComposedFile(
            id=job.id,
            key=key,
            s3_upload_id=self.files.begin_upload(key),
            name=key.rsplit("/", 1)[-1],
            size=size,
            created_at=self.now(),
            piece_bytes=max(self.piece_bytes, -(-size // MAX_PIECES)),
        )
        return self.jobs.replace(job.changed(export=upload, phase=JobPhase.COMPOSING))

    def _send(
        self,
        job_id: str,
        upload: ComposedFile,
        written: Sequence[PartFile],
        sent: dict[int, str],
        deadline: float,
    ) -> bool:
        """Send the missing pieces, and add them to those that were sent."""
        size = upload.piece_bytes
        for number in range(1, -(-upload.size // size) + 1):
            if number in sent:
                continue
            if self.monotonic() >= deadline:
                return False
            content = self.piece(job_id, written, (number - 1) * size, size)
            sent[number] = self.files.send_part(upload, number, content)
        return True

    def piece(self, job_id: str, written: Sequence[PartFile], start: int, size: int) -> bytes:
        """Return at most ``size`` bytes of all files together, from ``start`` on."""
        content = bytearray()
        offset = 0
        for one in written:
            first = start + len(content) - offset
            if len(content) < size and first < one.size:
                content += self._read(job_id, one, first, size - len(content))
            offset += one.size
        return bytes(content)

    def _read(self, job_id: str, one: PartFile, first: int, most: int) -> bytes:
        body = self.files.open(export_part_key(job_id, one.name), first)
        if body is None:
            message = "files of the export have been deleted; start another export"
            raise FileFault("parts_expired", message)
        return body.read(min(most, one.size - first))


def _written(parts: Sequence[Part]) -> list[PartFile]:
    """Return the files of all slices, in order."""
    return [file for part in parts for file in part.files]
