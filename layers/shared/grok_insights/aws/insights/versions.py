"""The Versions table: insights that a job has replaced, until their conversation expires.

The key of an item is the id of the conversation and ``version``, which is the revision that the
insight had, in ten digits. An item is written in the transaction that replaces the insight, which
also deletes the version that is too old. It is deleted in the transaction that erases the
conversation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from grok_insights.aws.dynamodb.attributes import Item, number, text
from grok_insights.aws.dynamodb.items import all_parsed, has_expired
from grok_insights.aws.insights.item import valid_document

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from grok_insights.aws.insights.item import Counted

MAX_VERSIONS: Final = 5
"""Versions that are kept of an insight, besides the present one."""

KEY: Final = ("conversation_id", "version")


def actions(replaced: Counted) -> int:
    """Return how many actions of a transaction keep a replaced insight."""
    return 1 if replaced.revision <= MAX_VERSIONS else 2


class Version(NamedTuple):
    """An insight of a conversation's ``generation``, as JSON."""

    generation: int
    revision: int
    document: str


@dataclass(frozen=True, slots=True)
class Versions:
    """The table."""

    client: DynamoDBClient
    table: str
    now: Callable[[], datetime]

    def keep(self, replaced: Counted, document: str) -> list[TransactWriteItemTypeDef]:
        """Return the writes that keep a replaced insight, and delete the version beyond the most.

        Each replacement raises the revision by one, so one deletion is enough.
        """
        item = {
            **self._key(replaced.conversation_id, replaced.revision),
            "generation": number(replaced.generation),
            "document": text(document),
            "ttl": number(replaced.tally.expires_at),
        }
        put: TransactWriteItemTypeDef = {"Put": {"TableName": self.table, "Item": item}}
        if actions(replaced) == 1:
            return [put]
        too_old = self._key(replaced.conversation_id, replaced.revision - MAX_VERSIONS)
        return [put, {"Delete": {"TableName": self.table, "Key": too_old}}]

    def deletions(self, conversation_id: str) -> list[TransactWriteItemTypeDef]:
        """Return the writes that delete all versions of a conversation that exist now."""
        return [
            {"Delete": {"TableName": self.table, "Key": {name: item[name] for name in KEY}}}
            for item in self._items(conversation_id, ProjectionExpression=", ".join(KEY))
        ]

    def of(self, conversation_id: str, generation: int) -> list[Version]:
        """Return the versions of a generation of a conversation, newest first."""
        items = self._items(conversation_id)
        found = all_parsed(lambda item: _version(item, self.now()), items, "conversation_id")
        return [version for version in found if version.generation == generation]

    def _items(self, conversation_id: str, **only: Any) -> list[Item]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="conversation_id = :id",
            ExpressionAttributeValues={":id": text(conversation_id)},
            ConsistentRead=True,
            ScanIndexForward=False,
            **only,
        )
        return [item for page in pages for item in page["Items"]]

    def _key(self, conversation_id: str, revision: int) -> dict[str, Any]:
        return {"conversation_id": text(conversation_id), "version": text(f"{revision:010}")}


def _version(item: Item, now: datetime) -> Version | None:
    """Return the version of an item; None if it has expired."""
    if has_expired(item, now):
        return None
    return Version(int(item["generation"]["N"]), int(item["version"]["S"]), valid_document(item))
