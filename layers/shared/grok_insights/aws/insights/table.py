"""The Insights table: one item a conversation, whose presence is the conversation's status.

Beside the document that the API shows, an item holds what the indexes are keyed by, what the
counters need to take it out again, and which one it is: the generation of its conversation, and a
revision that grows when it is replaced. Each index partition carries a shard.

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

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from grok_insights.aws import concurrent
from grok_insights.aws.concurrent import chunks
from grok_insights.aws.dynamodb.attributes import Item, number, text
from grok_insights.aws.dynamodb.batch_get import MAX_KEYS, BatchGet
from grok_insights.aws.dynamodb.items import all_parsed, has_expired, parsed, unchanged
from grok_insights.aws.insights.item import (
    COUNTED,
    IDENTITY,
    NAMES,
    Counted,
    is_mark,
    valid_document,
)
from grok_insights.domain.insight import Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutTypeDef

    from grok_insights.domain.conversation import Conversation


class Stored(NamedTuple):
    """An insight as JSON, and how it ended."""

    document: str
    status: Status


class _Known(NamedTuple):
    """Which conversation of an id has an insight, and how it ended."""

    conversation_id: str
    generation: int
    status: Status


@dataclass(frozen=True, slots=True)
class Insights:
    """The table. An insight expires together with its conversation."""

    client: DynamoDBClient
    table: str
    shards: int
    batch_get: BatchGet
    now: Callable[[], datetime]

    def stored(self, conversation_id: str) -> Stored | None:
        """Return the insight of a conversation, or None where there is none.

        Raises
        ------
        UnreadableItem
            Its item is damaged.
        """
        item = self._item(
            conversation_id,
            ProjectionExpression="conversation_id, #document, #status, #ttl",
            ExpressionAttributeNames={
                "#document": "document",
                "#status": "status",
                "#ttl": "ttl",
            },
        )
        return parsed(self._stored, item, "conversation_id") if item else None

    def _stored(self, item: Item) -> Stored | None:
        if is_mark(item) or has_expired(item, self.now()):
            return None
        return Stored(valid_document(item), Status(item["status"]["S"]))

    def head(self, conversation_id: str) -> Item:
        """Return what tells an item from others under its id, and what it added to the counters.

        The item is empty where there is none.
        """
        return self._item(
            conversation_id, ProjectionExpression=COUNTED, ExpressionAttributeNames=NAMES
        )

    def _item(self, conversation_id: str, **only: Any) -> Item:
        key = {"conversation_id": text(conversation_id)}
        answer = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True, **only)
        return answer.get("Item", {})

    def statuses(self, conversations: Iterable[Conversation]) -> dict[str, str]:
        """Return the status of each insight that these conversations have, by id.

        An insight of an earlier generation belongs to another conversation. One that cannot be
        read is logged, and counts as none.
        """
        generations = {one.id: one.lifetime.generation for one in conversations}
        runs = concurrent.each(self._known, chunks(generations, MAX_KEYS))
        return {
            one.conversation_id: str(one.status)
            for known in runs
            for one in known
            if one.generation >= generations[one.conversation_id]
        }

    def _known(self, conversation_ids: list[str]) -> list[_Known]:
        request = {
            "Keys": self.keys(conversation_ids),
            "ProjectionExpression": "conversation_id, generation, #status",
            "ExpressionAttributeNames": {"#status": "status"},
        }
        items = self.batch_get({self.table: request})[self.table]
        return list(
            all_parsed(_known, (one for one in items if not is_mark(one)), "conversation_id")
        )

    def keys(self, conversation_ids: Iterable[str]) -> list[dict[str, Any]]:
        """The keys of some insights."""
        return [{"conversation_id": text(one)} for one in conversation_ids]

    def put(self, item: dict[str, Any], replaces: Counted | None) -> PutTypeDef:
        """Return the write of an insight, on condition that it replaces just what it should.

        Where it replaces nothing, there must be none. A mark stands in the way like an insight,
        unless it is of an earlier generation.
        """
        write: PutTypeDef = {
            "TableName": self.table,
            "Item": item,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if replaces is None:
            return write | {
                "ConditionExpression": "attribute_not_exists(conversation_id)"
                " OR erased < :generation",
                "ExpressionAttributeValues": {":generation": item["generation"]},
            }
        stands: Item = {
            "conversation_id": item["conversation_id"],
            "generation": number(replaces.generation),
            "revision": number(replaces.revision),
        }
        return write | unchanged(stands, IDENTITY)  # type: ignore[return-value]


def _known(item: Item) -> _Known:
    return _Known(
        item["conversation_id"]["S"], int(item["generation"]["N"]), Status(item["status"]["S"])
    )
