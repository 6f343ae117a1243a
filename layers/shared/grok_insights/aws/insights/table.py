"""The Insights table: one item a conversation, whose presence is the conversation's status.

Beside the document that the API shows, an item holds what the indexes are keyed by and what the
counters need to take it out again. Each index partition carries a shard.

===================  =============================  ==========
index                partition                      sort key
===================  =============================  ==========
``by_time``          ``0``                          position
``by_kind``          ``positive#0``, ``failed#0``   position
``by_topic_1`` … 5   ``refund#0``                   position
===================  =============================  ==========

The position is the time of creation and the id, so that it is unique and sorts by time. `timeline`
reads the indexes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from grok_insights.aws import concurrent
from grok_insights.aws.concurrent import chunks
from grok_insights.aws.dynamodb.attributes import Item, number, number_of, text, texts, texts_of
from grok_insights.aws.dynamodb.batch_get import MAX_KEYS, BatchGet
from grok_insights.aws.dynamodb.shards import shard_of
from grok_insights.domain import timestamps
from grok_insights.domain.insight import MAX_TOPICS, Failure, Insight, Status, Tally, tally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutTypeDef


ERASED: Final = "erased"
"""Status of a mark, which is no insight: `erasure` leaves it for a day where one was."""

NEVER: Final = datetime.min.replace(tzinfo=UTC)

TALLIED: Final = "#status, #kind, created_at, topics, tokens_used, cost_ticks, processing_time_ms"
"""What `tally_of` needs of an item, and its status, as a projection."""

FAILURE: Final = "error_code, gave_up, attempts, redrives"
"""What a message must know of the failed insight that it meets, as a projection."""


class Counted(NamedTuple):
    """How an insight ended, and what it added to the counters."""

    status: str
    tally: Tally


class Stored(NamedTuple):
    """An insight as JSON, and how it ended."""

    document: str
    status: Status


@dataclass(frozen=True, slots=True)
class Insights:
    """The table. ``retention_seconds`` after its creation an insight expires."""

    client: DynamoDBClient
    table: str
    shards: int
    retention_seconds: int
    batch_get: BatchGet

    def stored(self, conversation_id: str) -> Stored | None:
        """The insight of a conversation, or None where there is none."""
        answer = self.client.get_item(
            TableName=self.table,
            Key={"conversation_id": text(conversation_id)},
            ProjectionExpression="#document, #status",
            ExpressionAttributeNames={"#document": "document", "#status": "status"},
        )
        if "Item" not in answer or is_mark(answer["Item"]):
            return None
        return Stored(answer["Item"]["document"]["S"], Status(answer["Item"]["status"]["S"]))

    def counted(self, conversation_id: str) -> Counted | None:
        """What a conversation's insight counts for, or None where there is no insight."""
        answer = self.client.get_item(
            TableName=self.table,
            Key={"conversation_id": text(conversation_id)},
            ProjectionExpression=TALLIED,
            ExpressionAttributeNames={"#status": "status", "#kind": "kind"},
            ConsistentRead=True,
        )
        item = answer.get("Item")
        if item is None or is_mark(item):
            return None
        return Counted(item["status"]["S"], tally_of(item))

    def statuses(self, conversation_ids: Iterable[str]) -> dict[str, str]:
        """The status of each insight there is; what it says is not read."""
        runs = concurrent.each(self._statuses, chunks(conversation_ids, MAX_KEYS))
        return {
            item["conversation_id"]["S"]: item["status"]["S"]
            for items in runs
            for item in items
            if not is_mark(item)
        }

    def _statuses(self, conversation_ids: list[str]) -> list[Item]:
        request = {
            "Keys": self.keys(conversation_ids),
            "ProjectionExpression": "conversation_id, #status",
            "ExpressionAttributeNames": {"#status": "status"},
        }
        return self.batch_get({self.table: request})[self.table]

    def keys(self, conversation_ids: Iterable[str]) -> list[dict[str, Any]]:
        """The keys of some insights."""
        return [{"conversation_id": text(one)} for one in conversation_ids]

    def put(
        self, insight: Insight, replaces: Tally | None, accepted_at: datetime = NEVER
    ) -> PutTypeDef:
        """The write of an insight, on condition that there is none, or still the failed one.

        A mark stands in the way like an insight, unless the conversation was accepted after the
        one that was erased.
        """
        item = to_item(insight, self.shards, self.retention_seconds)
        if replaces is None:
            return {
                "TableName": self.table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(conversation_id)"
                " OR erased < :accepted_at",
                "ExpressionAttributeValues": {
                    ":accepted_at": text(timestamps.to_text(accepted_at))
                },
            }
        return {
            "TableName": self.table,
            "Item": item,
            "ConditionExpression": "#status = :failed AND created_at = :created_at",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":failed": text(Status.FAILED),
                ":created_at": text(timestamps.to_text(replaces.created_at)),
            },
        }


def to_item(insight: Insight, shards: int, retention_seconds: int) -> dict[str, Any]:
    """The item of an insight."""
    counted = tally(insight)
    created_at = timestamps.to_text(insight.created_at)
    shard = shard_of(insight.conversation_id, shards)
    return {
        "conversation_id": text(insight.conversation_id),
        "status": text(insight.status),
        "kind": text(counted.kind),
        "created_at": text(created_at),
        "topics": texts(counted.topics),
        "tokens_used": number(counted.tokens),
        "cost_ticks": number(counted.cost_ticks),
        "processing_time_ms": number(counted.processing_time_ms),
        "document": text(json.dumps(insight.as_json(), ensure_ascii=False, separators=(",", ":"))),
        "ttl": number(int(insight.created_at.timestamp()) + retention_seconds),
        **_failure(insight),
        "position": text(f"{created_at}#{insight.conversation_id}"),
        "time_shard": text(str(shard)),
        "kind_shard": text(f"{counted.kind}#{shard}"),
        **{
            f"topic_{place}": text(f"{topic}#{shard}")
            for place, topic in enumerate(counted.topics[:MAX_TOPICS], start=1)
        },
    }


def _failure(insight: Insight) -> dict[str, Any]:
    """What a redelivered message must know of the failed insight that it meets."""
    if not isinstance(insight.outcome, Failure):
        return {}
    return {
        "error_code": text(insight.outcome.code),
        "gave_up": number(int(insight.outcome.gave_up)),
        "attempts": number(insight.origin.attempts),
        "redrives": number(insight.origin.redrives),
    }


def is_mark(item: Item) -> bool:
    """Whether an item only says that a conversation was erased."""
    return bool(item["status"]["S"] == ERASED)


def tally_of(item: Item) -> Tally:
    """What a stored insight added to the counters."""
    return Tally(
        created_at=timestamps.from_text(item["created_at"]["S"]),
        kind=item["kind"]["S"],
        topics=texts_of(item, "topics"),
        tokens=number_of(item, "tokens_used"),
        cost_ticks=number_of(item, "cost_ticks"),
        processing_time_ms=number_of(item, "processing_time_ms"),
    )
