"""The Insights table: one item for each conversation that was analysed or failed.

An item contains the document that the API shows, the keys of the indexes, and what must be
subtracted from the counters if it is removed. Its identity is the generation of the conversation
and a revision, which grows when the item is replaced. Each partition key of an index ends with a
shard.

===================  =============================  ==========
index                partition                      sort key
===================  =============================  ==========
``by_time``          ``0``                          position
``by_kind``          ``positive#0``, ``failed#0``   position
``by_topic_1`` … 5   ``refund#0``                   position
===================  =============================  ==========

The position is the time at which the conversation took place and the id, so that it is unique and
sorts by time. The indexes do not contain the document: each entry is smaller than 1 KB and costs
one write unit. It contains codes of the labels for filters; ``by_kind`` also contains what a
recount needs. `timeline` reads the indexes, and `documents` the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from grok_insights.aws import concurrent
from grok_insights.aws.concurrent import chunks
from grok_insights.aws.dynamodb.attributes import Item, number, text
from grok_insights.aws.dynamodb.batch_get import MAX_KEYS, BatchGet
from grok_insights.aws.dynamodb.items import all_parsed, has_expired, parsed, unchanged
from grok_insights.aws.insights.item import (
    COUNTED,
    FAILURE,
    INSIGHT_IDENTITY,
    PROJECTION_NAMES,
    Counted,
    counted_of,
    is_mark,
    valid_document,
)
from grok_insights.domain.insight import Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutTypeDef

    from grok_insights.domain.conversation import Conversation


DOCUMENT_NAMES: Final = {"#document": "document", "#status": "status", "#ttl": "ttl"}
"""Names in the projections of an insight with its document."""


class Stored(NamedTuple):
    """An insight as JSON, and its status."""

    document: str
    status: Status


class Current(NamedTuple):
    """The present insight of a conversation: its identity, and its JSON."""

    generation: int
    revision: int
    document: str


class _KnownStatus(NamedTuple):
    """The status of an insight, with the id and generation of its conversation."""

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
        """Return the insight of a conversation, or None if there is none.

        Raises
        ------
        UnreadableItem
            Its item is damaged.
        """
        item = self._item(
            conversation_id,
            ProjectionExpression="conversation_id, #document, #status, #ttl",
            ExpressionAttributeNames=DOCUMENT_NAMES,
        )
        return parsed(self._stored, item, "conversation_id") if item else None

    def _stored(self, item: Item) -> Stored | None:
        if self._is_gone(item):
            return None
        return Stored(valid_document(item), Status(item["status"]["S"]))

    def current(self, conversation_id: str) -> Current | None:
        """Return the insight of a conversation with its revision; None if there is none.

        Raises
        ------
        UnreadableItem
            Its item is damaged.
        """
        item = self._item(
            conversation_id,
            ProjectionExpression="conversation_id, generation, revision, #document, #status, #ttl",
            ExpressionAttributeNames=DOCUMENT_NAMES,
        )
        return parsed(self._current, item, "conversation_id") if item else None

    def _current(self, item: Item) -> Current | None:
        if self._is_gone(item):
            return None
        return Current(
            int(item["generation"]["N"]), int(item["revision"]["N"]), valid_document(item)
        )

    def head(self, conversation_id: str) -> Item:
        """Return the identity of the item with an id, and what it added to the counters.

        The result is empty if there is no item.
        """
        return self._item(
            conversation_id, ProjectionExpression=COUNTED, ExpressionAttributeNames=PROJECTION_NAMES
        )

    def failed(self, conversation_id: str) -> Counted | None:
        """Return the failed insight of a conversation; None if there is none.

        Raises
        ------
        UnreadableItem
            Its item is damaged.
        """
        item = self._item(
            conversation_id,
            ProjectionExpression=f"{COUNTED}, {FAILURE}",
            ExpressionAttributeNames=PROJECTION_NAMES,
        )
        if not item or self._is_gone(item):
            return None
        counted = parsed(counted_of, item, "conversation_id")
        return counted if counted.status is Status.FAILED else None

    def _is_gone(self, item: Item) -> bool:
        """Return whether an insight was erased or has expired, although there is an item."""
        return is_mark(item) or has_expired(item, self.now())

    def _item(self, conversation_id: str, **only: Any) -> Item:
        key = {"conversation_id": text(conversation_id)}
        response = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True, **only)
        return response.get("Item", {})

    def statuses(self, conversations: Iterable[Conversation]) -> dict[str, str]:
        """Return the status of each insight that these conversations have, by id.

        An insight of an earlier generation belongs to another conversation. A damaged insight is
        logged, and counts as absent.
        """
        generations = {one.id: one.lifetime.generation for one in conversations}
        pages = concurrent.each(self._known_statuses, chunks(generations, MAX_KEYS))
        return {
            known.conversation_id: str(known.status)
            for page in pages
            for known in page
            if known.generation >= generations[known.conversation_id]
        }

    def _known_statuses(self, conversation_ids: list[str]) -> list[_KnownStatus]:
        request = {
            "Keys": self.keys(conversation_ids),
            "ProjectionExpression": "conversation_id, generation, #status",
            "ExpressionAttributeNames": {"#status": "status"},
        }
        items = self.batch_get({self.table: request})[self.table]
        return list(
            all_parsed(
                _known_status, (item for item in items if not is_mark(item)), "conversation_id"
            )
        )

    def keys(self, conversation_ids: Iterable[str]) -> list[dict[str, Any]]:
        """Return the keys of insights."""
        return [{"conversation_id": text(identity)} for identity in conversation_ids]

    def put(self, item: dict[str, Any], replaces: Counted | None) -> PutTypeDef:
        """Return the write of an insight, on condition that it replaces exactly ``replaces``.

        If ``replaces`` is None, no insight may exist, and no mark of this or a later generation.
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
        existing: Item = {
            "conversation_id": item["conversation_id"],
            "generation": number(replaces.generation),
            "revision": number(replaces.revision),
        }
        return write | unchanged(existing, INSIGHT_IDENTITY)  # type: ignore[return-value]


def _known_status(item: Item) -> _KnownStatus:
    return _KnownStatus(
        item["conversation_id"]["S"], int(item["generation"]["N"]), Status(item["status"]["S"])
    )
