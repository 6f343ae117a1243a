"""Converts a conversation to its DynamoDB item, and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from grok_insights.aws.dynamodb.attributes import Item, number, number_of, text, text_of
from grok_insights.domain import timestamps
from grok_insights.domain.conversation import (
    MAX_GENERATION,
    NOT_STORED,
    Conversation,
    Lifetime,
    metadata_json,
)


def conversation_to_item(conversation: Conversation) -> dict[str, Any]:
    """Return the item of a conversation."""
    metadata = conversation.metadata
    optional = {
        "external_id": conversation.external_id,
        "metadata": None if metadata is None else metadata_json(metadata),
    }
    return {
        "id": text(conversation.id),
        "generation": number(conversation.lifetime.generation),
        "text": text(conversation.text),
        "created_at": text(timestamps.to_text(conversation.created_at)),
        "occurred_at": text(timestamps.to_text(conversation.occurred_at)),
        "ttl": number(int(conversation.lifetime.expires_at.timestamp())),
        **{name: text(value) for name, value in optional.items() if value is not None},
    }


def from_item(item: Item) -> Conversation:
    """Return the conversation of an item.

    Call this with `parsed`, since a damaged item raises many kinds of errors.
    """
    metadata = text_of(item, "metadata")
    enqueued_at = text_of(item, "enqueued_at")
    return Conversation(
        id=item["id"]["S"],
        text=item["text"]["S"],
        created_at=timestamps.from_text(item["created_at"]["S"]),
        occurred_at=timestamps.from_text(item["occurred_at"]["S"]),
        external_id=text_of(item, "external_id"),
        metadata=None if metadata is None else json.loads(metadata),
        enqueued_at=None if enqueued_at is None else timestamps.from_text(enqueued_at),
        lifetime=_lifetime(item),
    )


def generation_of(item: Item) -> int:
    """Return the generation of the item of a conversation, or of a mark.

    Call this with `parsed`, since a damaged item raises many kinds of errors.
    """
    generation = int(item["generation"]["N"])
    if not 0 < generation < MAX_GENERATION:
        raise ValueError("the generation is out of range")
    return generation


def _lifetime(item: Item) -> Lifetime:
    generation = generation_of(item)
    if "ttl" not in item:
        return Lifetime(generation, NOT_STORED.expires_at)
    return Lifetime(generation, datetime.fromtimestamp(number_of(item, "ttl"), UTC))
