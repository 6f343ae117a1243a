"""Uploads: a client sends a file in parts to S3, by addresses that are valid for 15 minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from pydantic import Field

from grok_insights.domain import timestamps
from grok_insights.domain.job import Upload
from grok_insights.errors import Conflict, NotFound
from grok_insights.validation import Model

if TYPE_CHECKING:
    from grok_insights.aws.files import Files
    from grok_insights.aws.jobs import Jobs
    from grok_insights.bodies.jobs import UploadBody

MAX_FILE_BYTES: Final = 10_737_418_240
MIN_PART_BYTES: Final = 8_388_608
MAX_PARTS: Final = 10_000
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""

MAX_URLS: Final = 100
URL_MINUTES: Final = 15


class NewUpload(Model):
    """A file to upload."""

    name: str = Field(description="Name of the file.", min_length=1, max_length=255)
    size: int = Field(description="Bytes of the file.", ge=1, le=MAX_FILE_BYTES)


class ByUpload(Model):
    """The path of one upload."""

    upload_id: UUID = Field(description="Id of the upload.")


@dataclass(frozen=True, slots=True)
class Uploads:
    """The use case."""

    jobs: Jobs
    files: Files
    now: Callable[[], datetime]
    random_id: Callable[[], UUID]

    def begin(self, new: NewUpload) -> UploadBody:
        """Begin an upload, and return it with the addresses of its first parts."""
        upload_id = str(self.random_id())
        key = f"uploads/{upload_id}"
        upload = Upload(
            id=upload_id,
            key=key,
            s3_upload_id=self.files.begin_upload(key),
            name=new.name,
            size=new.size,
            created_at=self.now(),
        )
        self.jobs.add_upload(upload)
        return self._body(upload, {})

    def get(self, upload_id: str) -> UploadBody:
        """Return an upload with the addresses of the next parts that are missing.

        Raises
        ------
        NotFound
            There is no such upload.
        """
        upload = self._upload(upload_id)
        return self._body(upload, self.files.sent_parts(upload))

    def complete(self, upload_id: str) -> Upload:
        """Make the file of its parts, unless that was done before, and return the upload.

        Raises
        ------
        NotFound, Conflict
            There is no such upload, or parts are missing.
        """
        upload = self._upload(upload_id)
        sent = self.files.sent_parts(upload)
        if sent is None:
            return upload
        missing = part_count(upload.size) - len(sent)
        if missing:
            raise Conflict(f"{missing} parts of the file have not been uploaded")
        self.files.complete_upload(upload, sent)
        return upload

    def _upload(self, upload_id: str) -> Upload:
        upload = self.jobs.upload(upload_id)
        if upload is None:
            raise NotFound("there is no upload with this id")
        return upload

    def _body(self, upload: Upload, sent: dict[int, str] | None) -> UploadBody:
        parts = part_count(upload.size)
        missing = [] if sent is None else [n for n in range(1, parts + 1) if n not in sent]
        return {
            "id": upload.id,
            "name": upload.name,
            "size": upload.size,
            "part_size": part_size(upload.size),
            "parts": parts,
            "uploaded": parts - len(missing),
            "missing": [
                {
                    "part": part,
                    "size": size_of(part, upload.size),
                    "url": self.files.part_url(upload, part, size_of(part, upload.size)),
                }
                for part in missing[:MAX_URLS]
            ],
            "expires_at": timestamps.to_text(self.now() + timedelta(minutes=URL_MINUTES)),
        }


def part_size(size: int) -> int:
    """Return the bytes of each part of a file but the last."""
    return max(MIN_PART_BYTES, -(-size // MAX_PARTS))


def part_count(size: int) -> int:
    """Return the number of parts of a file."""
    return -(-size // part_size(size))


def size_of(part: int, size: int) -> int:
    """Return the bytes of a part, counted from 1."""
    return min(part_size(size), size - (part - 1) * part_size(size))
