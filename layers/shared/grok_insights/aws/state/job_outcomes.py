"""Outcomes of a job's conversations, in the State table: counted once for each conversation.

==========================  ================================================================
item                        attributes
==========================  ================================================================
``job#JOB``                 ``run``: the last one that was opened or closed; ``closed``, if so
``job#JOB#outcomes#SHARD``  counts: ``done``, ``changed.NAME``, ``failed``, ``skipped``, …
``job#JOB#CONVERSATION``    the outcome of a conversation. ``code``: why it was not replaced;
                            empty if it was skipped
==========================  ================================================================

An outcome is counted in the transaction that stores its item, on condition that there is none. A
replacement is made in the same transaction. So each conversation counts once, whatever is delivered
twice, and whatever has happened to its insight since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import ClientError

from grok_insights.aws import concurrent
from grok_insights.aws.concurrent import chunks
from grok_insights.aws.dynamodb.attributes import Item, addition, number, text
from grok_insights.aws.dynamodb.batch_get import MAX_KEYS, BatchGet
from grok_insights.aws.dynamodb.conditions import refused_item
from grok_insights.aws.dynamodb.items import has_expired
from grok_insights.aws.dynamodb.shards import shard_of
from grok_insights.aws.state.names import job, job_conversation, job_outcomes
from grok_insights.aws.state.parsing import readable_numbers
from grok_insights.domain.rework import ERROR, FAILED, SKIPPED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef, UpdateTypeDef

    from grok_insights.aws.dynamodb.transactions import Transactions

OTHERS: Final = {"id", "expiration"}
"""Attributes of an item with counts that are none."""

MAX_RECORDED: Final = 40
"""Outcomes of one transaction: each needs an item, and may need a counter of its own shard."""


class JobFailure(NamedTuple):
    """A conversation that a job did not replace. ``code`` is empty if it was skipped."""

    job_id: str
    conversation_id: str
    code: str = ""

    def counts(self) -> Counter[str]:
        """Return what it adds to the counts of its job."""
        return Counter([FAILED, f"{ERROR}{self.code}"] if self.code else [SKIPPED])


@dataclass(frozen=True, slots=True)
class JobOutcomes:
    """The items. They expire when ``retention`` has passed since the job was last opened."""

    client: DynamoDBClient
    table: str
    shards: int
    retention: timedelta
    batch_get: BatchGet
    transactions: Transactions
    now: Callable[[], datetime]

    def open(self, job_id: str, run: int) -> None:
        """Note that a run of a job has begun: its messages are processed.

        A request that is late changes nothing: the run was closed, or a later one has begun.
        """
        is_later = "attribute_not_exists(#run) OR #run < :run"
        self._put(job_id, run, f"{is_later} OR (#run = :run AND attribute_not_exists(closed))")

    def close(self, job_id: str, run: int) -> None:
        """Note that a run of a job has ended: messages that are left are dropped.

        A request that is late changes nothing: a later run has begun.
        """
        is_present = "attribute_not_exists(#run) OR #run <= :run"
        self._put(job_id, run, is_present, closed=number(1))

    def _put(self, job_id: str, run: int, condition: str, **attributes: Any) -> None:
        item = {
            "id": text(job(job_id)),
            "run": number(run),
            "expiration": number(self._expiry()),
            **attributes,
        }
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#run": "run"},
                ExpressionAttributeValues={":run": number(run)},
            )
        except ClientError as error:
            refused_item(error)

    def running(self, job_ids: Collection[str]) -> set[str]:
        """Return those of these jobs that run."""
        items = self._items(map(job, job_ids))
        return {
            one
            for one in job_ids
            if (item := items.get(job(one)))
            and "closed" not in item
            and not _is_over(item, self.now())
        }

    def addition(self, job_id: str, shard: int, counts: Counter[str]) -> UpdateTypeDef:
        """Return the update that adds to the counts of a job."""
        update = addition(self.table, {"id": job_outcomes(job_id, shard)}, counts)
        update["UpdateExpression"] += " SET expiration = :expiration"
        values: Any = update["ExpressionAttributeValues"]
        update["ExpressionAttributeValues"] = {**values, ":expiration": number(self._expiry())}
        return update

    def record(self, failures: Sequence[JobFailure]) -> set[str]:
        """Store and count failures that were not stored before.

        Return the ids of the conversations for which this was not possible.
        """
        written = [
            self.transactions.write(some, self._failure, self._additions)
            for some in chunks(failures, MAX_RECORDED)
        ]
        return {one.conversation_id for each in written for one in (*each.failed, *each.invalid)}

    def _failure(self, one: JobFailure) -> list[TransactWriteItemTypeDef]:
        return [self._outcome(one.job_id, one.conversation_id, code=text(one.code))]

    def replacement(self, job_id: str, conversation_id: str) -> TransactWriteItemTypeDef:
        """Return the write of a replaced conversation's outcome, on condition that it has none."""
        return self._outcome(job_id, conversation_id)

    def _outcome(self, job_id: str, conversation_id: str, **code: Any) -> TransactWriteItemTypeDef:
        return {
            "Put": {
                "TableName": self.table,
                "Item": {
                    "id": text(job_conversation(job_id, conversation_id)),
                    "expiration": number(self._expiry()),
                    **code,
                },
                "ConditionExpression": "attribute_not_exists(id)",
            }
        }

    def _additions(self, failures: Sequence[JobFailure]) -> list[TransactWriteItemTypeDef]:
        counts: dict[tuple[str, int], Counter[str]] = {}
        for one in failures:
            key = one.job_id, shard_of(one.conversation_id, self.shards)
            counts[key] = counts.get(key, Counter()) + one.counts()
        return [
            {"Update": self.addition(job_id, shard, added)}
            for (job_id, shard), added in counts.items()
        ]

    def counts(self, job_id: str) -> Counter[str]:
        """Return the counts of a job."""
        items = self._items(job_outcomes(job_id, shard) for shard in range(self.shards))
        total: Counter[str] = Counter()
        for item in items.values():
            total.update(readable_numbers({k: v for k, v in item.items() if k not in OTHERS}))
        return total

    def ended(self, job_id: str, conversation_ids: Sequence[str]) -> set[str]:
        """Return those of these conversations that have an outcome."""
        names = {job_conversation(job_id, one): one for one in conversation_ids}
        return {names[found] for found in self._items(names)}

    def _items(self, ids: Iterable[str]) -> dict[str, Item]:
        keys = [{"id": text(one)} for one in ids]
        reads = concurrent.each(
            lambda some: self.batch_get({self.table: {"Keys": some}}), chunks(keys, MAX_KEYS)
        )
        return {item["id"]["S"]: item for read in reads for item in read[self.table]}

    def _expiry(self) -> int:
        return int((self.now() + self.retention).timestamp())


def _is_over(item: Item, now: datetime) -> bool:
    return has_expired({"ttl": item["expiration"]}, now)
