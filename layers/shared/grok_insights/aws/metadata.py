"""Reads the metadata of conversations, and nothing of what was said in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple

from grok_insights.aws.concurrent import chunks
from grok_insights.aws.conversation_item import generation_of
from grok_insights.aws.dynamodb.attributes import Item, text, text_of
from grok_insights.aws.dynamodb.batch_get import MAX_KEYS, BatchGet
from grok_insights.aws.dynamodb.items import all_parsed, has_expired

PROJECTION: Final = "id, generation, metadata, erased, #ttl"


class StoredMetadata(NamedTuple):
    """The metadata of a conversation, and its generation."""

    conversation_id: str
    generation: int
    metadata: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class MetadataReader:
    """Reads the Conversations table."""

    table: str
    batch_get: BatchGet
    now: Callable[[], datetime]

    def __call__(self, conversation_ids: Iterable[str]) -> dict[str, StoredMetadata]:
        """Return the metadata of the conversations that exist, by id."""
        return {
            one.conversation_id: one
            for ids in chunks(conversation_ids, MAX_KEYS)
            for one in all_parsed(partial(_metadata, self.now()), self._items(ids), "id")
        }

    def _items(self, conversation_ids: Iterable[str]) -> list[Item]:
        request = {
            "Keys": [{"id": text(one)} for one in conversation_ids],
            "ProjectionExpression": PROJECTION,
            "ExpressionAttributeNames": {"#ttl": "ttl"},
        }
        return self.batch_get({self.table: request})[self.table]


def _metadata(now: datetime, item: Item) -> StoredMetadata | None:
    """Return the metadata of an item; None if the conversation was erased or has expired."""
    if "erased" in item or has_expired(item, now):
        return None
    sent = text_of(item, "metadata")
    metadata = None if sent is None else json.loads(sent)
    return StoredMetadata(item["id"]["S"], generation_of(item), metadata)
