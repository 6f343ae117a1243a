"""The bucket of files: uploads of clients, and the parts and the errors of jobs.

``uploads/UPLOAD`` is a file as a client sent it. ``jobs/JOB/parts/NUMBER`` is a part of it, and
``jobs/JOB/errors/…`` are the rejected lines. ``exports/JOB/insights.…`` is the file of an export,
and ``exports/JOB/parts/…`` are those of its slices. The bucket deletes all of them after days.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, cast

from botocore.exceptions import ClientError

from grok_insights.domain.job import FileFormat, Upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

URL_SECONDS: Final = 900
EXPORT_DAYS: Final = 7
"""How long the bucket keeps the files of exports."""

MAX_KEYS: Final = 1_000
PAST_END: Final = "InvalidRange"
NOT_FOUND: Final = {"NoSuchUpload", "NoSuchKey", "404"}


class Body(Protocol):
    """The bytes of an object, as a stream."""

    def read(self, amt: int | None = None) -> bytes:
        """Return at most ``amt`` bytes; empty at the end."""


@dataclass(frozen=True, slots=True)
class Files:
    """The bucket."""

    client: S3Client
    bucket: str

    def begin_upload(self, key: str) -> str:
        """Begin a multipart upload, and return S3's name of it."""
        response = self.client.create_multipart_upload(Bucket=self.bucket, Key=key)
        return response["UploadId"]

    def sent_parts(self, upload: Upload) -> dict[int, str] | None:
        """Return the ETags of the parts that S3 has, by number; None if the upload is complete."""
        sent: dict[int, str] = {}
        marker = 0
        while True:
            try:
                response = self.client.list_parts(
                    Bucket=self.bucket,
                    Key=upload.key,
                    UploadId=upload.s3_upload_id,
                    PartNumberMarker=marker,
                )
            except ClientError as error:
                _require_not_found(error)
                return None
            sent |= {part["PartNumber"]: part["ETag"] for part in response.get("Parts", [])}
            if not response.get("IsTruncated"):
                return sent
            marker = int(response["NextPartNumberMarker"])

    def part_url(self, upload: Upload, part: int, size: int) -> str:
        """Return the address to which a part of exactly ``size`` bytes is sent with PUT."""
        return self.client.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": self.bucket,
                "Key": upload.key,
                "UploadId": upload.s3_upload_id,
                "PartNumber": part,
                "ContentLength": size,
            },
            ExpiresIn=URL_SECONDS,
        )

    def send_part(self, upload: Upload, part: int, content: bytes) -> str:
        """Send a part, and return its ETag."""
        response = self.client.upload_part(
            Bucket=self.bucket,
            Key=upload.key,
            UploadId=upload.s3_upload_id,
            PartNumber=part,
            Body=content,
        )
        return response["ETag"]

    def complete_upload(self, upload: Upload, sent: dict[int, str]) -> None:
        """Make the file of its parts."""
        self.client.complete_multipart_upload(
            Bucket=self.bucket,
            Key=upload.key,
            UploadId=upload.s3_upload_id,
            MultipartUpload={
                "Parts": [{"PartNumber": part, "ETag": sent[part]} for part in sorted(sent)]
            },
        )

    def open(self, key: str, start: int = 0) -> Body | None:
        """Return the bytes of an object from an offset on; None if there is no such object."""
        try:
            response = self.client.get_object(Bucket=self.bucket, Key=key, Range=f"bytes={start}-")
        except ClientError as error:
            if error.response["Error"]["Code"] == PAST_END:
                return io.BytesIO()
            _require_not_found(error)
            return None
        return cast("Body", response["Body"])

    def put(self, key: str, content: bytes) -> None:
        """Store an object."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def delete(self, key: str) -> None:
        """Delete an object, if there is one."""
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with a prefix, in order."""
        pages = self.client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
            yield from (item["Key"] for item in page.get("Contents", []))

    def download_url(self, key: str, name: str) -> str:
        """Return the address of an object for a client, valid for 15 minutes."""
        return self.client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self.bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{name}"',
            },
            ExpiresIn=URL_SECONDS,
        )


def part_key(job_id: str, part: int) -> str:
    """Return the key of a part of a job."""
    return f"jobs/{job_id}/parts/{part:06}.jsonl"


def rejected_prefix(job_id: str) -> str:
    """Return the prefix of the rejected lines of a job."""
    return f"jobs/{job_id}/errors/"


def rejected_key(job_id: str, part: int, done: int) -> str:
    """Return the key of the rejected lines of a chunk, which begins after ``done`` lines."""
    return f"{rejected_prefix(job_id)}{part:06}-{done:06}.jsonl"


def errors_key(job_id: str) -> str:
    """Return the key of the file with the rejected lines of a job."""
    return f"jobs/{job_id}/errors.jsonl"


def export_part_key(job_id: str, name: str) -> str:
    """Return the key of a file that a slice of an export has written."""
    return f"exports/{job_id}/parts/{name}"


def export_key(job_id: str, file_format: FileFormat) -> str:
    """Return the key of the file of an export."""
    return f"exports/{job_id}/insights.{file_format}"


def _require_not_found(error: ClientError) -> None:
    if error.response["Error"]["Code"] not in NOT_FOUND:
        raise error
