"""Reads many conversations for a job: as a whole, or their metadata only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from grok_insights.aws.concurrent import chunks
from grok_insights.aws.conversation_item import from_item, generation_of
from grok_insights.aws.dynamodb.attributes import Item, text, text_of
from grok_insights.aws.dynamodb.batch_get import MAX_KEYS, BatchGet
from grok_insights.aws.dynamodb.items import all_parsed, has_expired

if TYPE_CHECKING:
    from grok_insights.domain.conversation import Conversation

T = TypeVar("T")

METADATA_ONLY: Final[dict[str, Any]] = {
    "ProjectionExpression": "id, generation, metadata, erased, #ttl",
    "ExpressionAttributeNames": {"#ttl": "ttl"},
}


class StoredMetadata(NamedTuple):
    """The metadata of a conversation, and its generation."""

    conversation_id: str
    generation: int
    metadata: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ConversationReader:
    """Reads the Conversations table. Damaged conversations are logged and left out."""

    table: str
    batch_get: BatchGet
    now: Callable[[], datetime]

    def whole(self, conversation_ids: Iterable[str]) -> dict[str, Conversation]:
        """Return the conversations that exist, by id."""
        return {one.id: one for one in self._read(conversation_ids, from_item, {})}

    def metadata(self, conversation_ids: Iterable[str]) -> dict[str, StoredMetadata]:
        """Return the metadata of the conversations that exist, by id, without what was said."""
        found = self._read(conversation_ids, _metadata, METADATA_ONLY)
        return {one.conversation_id: one for one in found}

    def _read(
        self, ids: Iterable[str], parse: Callable[[Item], T], only: dict[str, Any]
    ) -> list[T]:
        """Return conversations that were not erased and have not expired."""

        def existing(item: Item) -> T | None:
            return None if "erased" in item or has_expired(item, self.now()) else parse(item)

        requests = (
            {"Keys": [{"id": text(one)} for one in run], **only} for run in chunks(ids, MAX_KEYS)
        )
        items = (self.batch_get({self.table: request})[self.table] for request in requests)
        return [one for found in items for one in all_parsed(existing, found, "id")]


def _metadata(item: Item) -> StoredMetadata:
    sent = text_of(item, "metadata")
    metadata = None if sent is None else json.loads(sent)
    return StoredMetadata(item["id"]["S"], generation_of(item), metadata)
