"""The Jobs table: jobs, the progress of their parts, uploads, and the files that were imported.

=====================  =========================================================================
item                   attributes
=====================  =========================================================================
``JOB``                ``document``, ``version``
``newest``             ``ids``: the newest jobs, newest first, at most 100
``JOB#part#NUMBER``    ``document``, and ``run``, ``attempts`` and ``done``
``upload#UPLOAD``      ``document``
``file#DIGEST``        ``job_id``: the last job that imported the file
=====================  =========================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from grok_insights.aws import concurrent
from grok_insights.aws.concurrent import chunks
from grok_insights.aws.dynamodb.attributes import (
    Item,
    number,
    number_of,
    text,
    text_of,
    texts,
)
from grok_insights.aws.dynamodb.batch_get import MAX_KEYS, BatchGet
from grok_insights.aws.dynamodb.conditions import refused_item
from grok_insights.domain.job import Job, JobError, JobStatus, Part, Upload

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NEWEST: Final = "newest"
MAX_LISTED: Final = 100
MAX_WRITES: Final = 10


@dataclass(frozen=True, slots=True)
class Jobs:
    """The table. All items expire when ``retention`` has passed since they were made."""

    client: DynamoDBClient
    table: str
    retention: timedelta
    batch_get: BatchGet
    now: Callable[[], datetime]

    def add(self, job: Job) -> None:
        """Store a new job, and put it first in the list of the newest.

        Raises
        ------
        TimeoutError
            The list changed before each of 10 writes. The job is stored nevertheless.
        """
        self._put(job.id, document=text(job.model_dump_json()), version=number(job.version))
        for _ in range(MAX_WRITES):
            if self._list(job.id):
                return
        raise TimeoutError("the list of jobs changed before each write")

    def _list(self, job_id: str) -> bool:
        """Put a job first in the list; return False if the list changed at the same time."""
        before = _ids(self._stored(NEWEST))
        after = [job_id, *(one for one in before if one != job_id)][:MAX_LISTED]
        try:
            self.client.put_item(
                TableName=self.table,
                Item={"id": text(NEWEST), "ids": texts(after), "ttl": number(self._expiry())},
                ConditionExpression="attribute_not_exists(ids) OR ids = :before",
                ExpressionAttributeValues={":before": texts(before)},
            )
        except ClientError as error:
            refused_item(error)
            return False
        return True

    def get(self, job_id: str) -> Job | None:
        """Return a job; None if there is none with this id."""
        item = self._item(job_id)
        return Job.model_validate_json(item["document"]["S"]) if "version" in item else None

    def newest(self, limit: int) -> list[Job]:
        """Return the newest jobs, newest first, at most 100."""
        ids = _ids(self._item(NEWEST))[:limit]
        if not ids:
            return []
        read = self.batch_get({self.table: {"Keys": [{"id": text(one)} for one in ids]}})
        items = {item["id"]["S"]: item for item in read[self.table] if self._is_kept(item)}
        return [Job.model_validate_json(items[one]["document"]["S"]) for one in ids if one in items]

    def replace(self, job: Job) -> Job | None:
        """Store a changed job, and return it; None if it was changed since it was read."""
        later = job.changed(version=job.version + 1)
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"id": text(job.id)},
                UpdateExpression="SET document = :document, version = :later",
                ConditionExpression="version = :version",
                ExpressionAttributeValues={
                    ":document": text(later.model_dump_json()),
                    ":later": number(later.version),
                    ":version": number(job.version),
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            # If a response was lost, botocore has sent the request again.
            stored = refused_item(error).get("document")
            return later if stored == text(later.model_dump_json()) else None
        return later

    def end(
        self, job: Job, status: JobStatus, at: datetime, error: JobError | None = None
    ) -> Job | None:
        """End a run of a job, although it may have changed since it was read, and return it.

        The result is None if the run was ended before.

        Raises
        ------
        TimeoutError
            The job changed before each of 10 writes.
        """
        current: Job | None = job
        for _ in range(MAX_WRITES):
            if current is None or not current.is_running or current.run != job.run:
                return None
            ended = self.replace(current.ended(status, at, error))
            if ended is not None:
                return ended
            current = self.get(job.id)
        raise TimeoutError("the job changed before each write")

    def begin_part(self, job_id: str, part: int, run: int) -> Part:
        """Count an attempt of a part, and return its progress."""
        key = _part_id(job_id, part)
        stored = self._item(key)
        begun = _part(job_id, part, stored)
        attempts = begun.attempts + 1 if begun.run == run else 1
        begun = begun.model_copy(update={"run": run, "attempts": attempts})
        if not begun.is_complete:
            self._save_part(begun, begun.done)
        return begun

    def advance(self, before: Part, after: Part) -> bool:
        """Store the progress of a part; return False if another execution has made progress."""
        return self._save_part(after, before.done)

    def _save_part(self, part: Part, done: int) -> bool:
        try:
            self.client.put_item(
                TableName=self.table,
                Item={
                    "id": text(_part_id(part.job_id, part.number)),
                    "document": text(part.model_dump_json()),
                    "done": number(part.done),
                    "ttl": number(self._expiry()),
                },
                ConditionExpression="attribute_not_exists(done) OR done = :done"
                " OR document = :document",
                ExpressionAttributeValues={
                    ":done": number(done),
                    ":document": text(part.model_dump_json()),
                },
            )
        except ClientError as error:
            refused_item(error)
            return False
        return True

    def parts(self, job_id: str, numbers: Iterable[int]) -> list[Part]:
        """Return the progress of parts, in order."""
        wanted = list(numbers)
        keys = [{"id": text(_part_id(job_id, one))} for one in wanted]
        read = concurrent.each(
            lambda some: self.batch_get({self.table: {"Keys": some}}), chunks(keys, MAX_KEYS)
        )
        items = {item["id"]["S"]: item for one in read for item in one[self.table]}
        return [_part(job_id, one, items.get(_part_id(job_id, one), {})) for one in wanted]

    def add_upload(self, upload: Upload) -> None:
        """Store a new upload."""
        self._put(_upload_id(upload.id), document=text(upload.model_dump_json()))

    def upload(self, upload_id: str) -> Upload | None:
        """Return an upload; None if there is none with this id."""
        document = text_of(self._item(_upload_id(upload_id)), "document")
        return None if document is None else Upload.model_validate_json(document)

    def importer_of(self, digest: str) -> str | None:
        """Return the id of the last job that imported a file; None if none did."""
        return text_of(self._item(_file_id(digest)), "job_id")

    def note_importer(self, digest: str, job_id: str) -> None:
        """Note that a job imports a file."""
        self._put(_file_id(digest), job_id=text(job_id))

    def _put(self, item_id: str, **attributes: object) -> None:
        self.client.put_item(
            TableName=self.table,
            Item={"id": text(item_id), "ttl": number(self._expiry()), **attributes},  # type: ignore[dict-item]
        )

    def _item(self, item_id: str) -> Item:
        item = self._stored(item_id)
        return item if self._is_kept(item) else {}

    def _is_kept(self, item: Item) -> bool:
        """Return whether an item has not expired. DynamoDB may delete it days later."""
        return number_of(item, "ttl") > self.now().timestamp()

    def _stored(self, item_id: str) -> Item:
        response = self.client.get_item(
            TableName=self.table, Key={"id": text(item_id)}, ConsistentRead=True
        )
        return response.get("Item", {})

    def _expiry(self) -> int:
        return int((self.now() + self.retention).timestamp())


def _part(job_id: str, number_: int, item: Item) -> Part:
    document = text_of(item, "document")
    return (
        Part(job_id=job_id, number=number_)
        if document is None
        else Part.model_validate_json(document)
    )


def _part_id(job_id: str, part: int) -> str:
    return f"{job_id}#part#{part}"


def _upload_id(upload_id: str) -> str:
    return f"upload#{upload_id}"


def _file_id(digest: str) -> str:
    return f"file#{digest}"


def _ids(item: Item) -> tuple[str, ...]:
    return tuple(value["S"] for value in item.get("ids", {"L": []})["L"])
