"""The Conversations table: what clients sent, written once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from grok_insights.aws import concurrent
from grok_insights.aws.concurrent import chunks
from grok_insights.aws.dynamodb.attributes import Item, number, text, text_of
from grok_insights.aws.dynamodb.transactions import MAX_ACTIONS, Transactions
from grok_insights.domain import timestamps
from grok_insights.domain.conversation import Conversation, metadata_json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

MAX_BYTES: Final = 3_500_000
"""Bytes of one transaction: 4 MB, less room for what is around the texts.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html"""


@dataclass(frozen=True, slots=True)
class Conversations:
    """The table. ``retention_seconds`` after its creation a conversation expires."""

    client: DynamoDBClient
    table: str
    retention_seconds: int
    transactions: Transactions

    def add(self, new: Iterable[Conversation]) -> dict[str, Conversation]:
        """Store those whose id is free, and return the others as they stand there already.

        The ids must differ. Transactions are written side by side.
        """
        refusals = concurrent.each(
            lambda run: self.transactions.write(run, self._puts), _transactions(new)
        )
        existing = [from_item(refusal.item) for run in refusals for refusal in run]
        return {conversation.id: conversation for conversation in existing}

    def _puts(self, new: Iterable[Conversation]) -> list[TransactWriteItemTypeDef]:
        return [self._put(conversation) for conversation in new]

    def _put(self, conversation: Conversation) -> TransactWriteItemTypeDef:
        return {
            "Put": {
                "TableName": self.table,
                "Item": to_item(conversation, self.retention_seconds),
                "ConditionExpression": "attribute_not_exists(id)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def get(self, conversation_id: str) -> Conversation | None:
        """The conversation under an id."""
        answer = self.client.get_item(TableName=self.table, Key={"id": text(conversation_id)})
        return from_item(answer["Item"]) if "Item" in answer else None

    def keys(self, conversation_ids: Iterable[str]) -> list[dict[str, Any]]:
        """The keys of some conversations."""
        return [{"id": text(one)} for one in conversation_ids]

    def exists(self, conversation_id: str) -> bool:
        """Whether there is a conversation under an id, without reading its text."""
        answer = self.client.get_item(
            TableName=self.table, Key={"id": text(conversation_id)}, ProjectionExpression="id"
        )
        return "Item" in answer

    def accepted_at(self, conversation_id: str) -> datetime | None:
        """When a conversation was accepted, without reading its text; None where there is none."""
        answer = self.client.get_item(
            TableName=self.table,
            Key={"id": text(conversation_id)},
            ProjectionExpression="created_at",
            ConsistentRead=True,
        )
        if "Item" not in answer:
            return None
        return timestamps.from_text(answer["Item"]["created_at"]["S"])

    def mark_enqueued(self, conversation_ids: Iterable[str], at: datetime) -> None:
        """Note that a message for each of these conversations surely reached the queue."""
        concurrent.each(
            lambda run: self.transactions.write(run, lambda ids: self._marks(ids, at)),
            chunks(conversation_ids, MAX_ACTIONS),
        )

    def _marks(
        self, conversation_ids: Iterable[str], at: datetime
    ) -> list[TransactWriteItemTypeDef]:
        return [
            {
                "Update": {
                    "TableName": self.table,
                    "Key": {"id": text(conversation_id)},
                    "UpdateExpression": "SET enqueued_at = :at",
                    "ConditionExpression": "attribute_exists(id)",
                    "ExpressionAttributeValues": {":at": text(timestamps.to_text(at))},
                }
            }
            for conversation_id in conversation_ids
        ]


def _transactions(new: Iterable[Conversation]) -> Iterator[list[Conversation]]:
    """Runs that fit into one transaction each."""
    run: list[Conversation] = []
    size = 0
    for conversation in new:
        weight = len(conversation.text.encode()) + 20_000
        if run and (len(run) == MAX_ACTIONS or size + weight > MAX_BYTES):
            yield run
            run, size = [], 0
        run.append(conversation)
        size += weight
    if run:
        yield run


def to_item(conversation: Conversation, retention_seconds: int) -> dict[str, Any]:
    """The item of a conversation."""
    metadata = conversation.metadata
    optional = {
        "external_id": conversation.external_id,
        "metadata": None if metadata is None else metadata_json(metadata),
    }
    return {
        "id": text(conversation.id),
        "text": text(conversation.text),
        "created_at": text(timestamps.to_text(conversation.created_at)),
        "ttl": number(int(conversation.created_at.timestamp()) + retention_seconds),
        **{name: text(value) for name, value in optional.items() if value is not None},
    }


def from_item(item: Item) -> Conversation:
    """The conversation of an item."""
    metadata = text_of(item, "metadata")
    enqueued_at = text_of(item, "enqueued_at")
    return Conversation(
        id=item["id"]["S"],
        text=item["text"]["S"],
        created_at=timestamps.from_text(item["created_at"]["S"]),
        external_id=text_of(item, "external_id"),
        metadata=None if metadata is None else json.loads(metadata),
        enqueued_at=None if enqueued_at is None else timestamps.from_text(enqueued_at),
    )
