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
    Role,
    Turn,
    metadata_json,
    transcript,
    turns_json,
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
        **_content(conversation),
        "created_at": text(timestamps.to_text(conversation.created_at)),
        "occurred_at": text(timestamps.to_text(conversation.occurred_at)),
        "ttl": number(int(conversation.lifetime.expires_at.timestamp())),
        **{name: text(value) for name, value in optional.items() if value is not None},
    }


def _content(conversation: Conversation) -> dict[str, Any]:
    """Return the attribute with the turns, or with the text."""
    if conversation.turns:
        return {"turns": text(turns_json(conversation.turns))}
    return {"text": text(conversation.text)}


def from_item(item: Item) -> Conversation:
    """Return the conversation of an item.

    Call this with `parsed`, since a damaged item raises many kinds of errors.
    """
    metadata = text_of(item, "metadata")
    enqueued_at = text_of(item, "enqueued_at")
    turns = _turns_of(item)
    return Conversation(
        id=item["id"]["S"],
        text=transcript(turns) if turns else item["text"]["S"],
        created_at=timestamps.from_text(item["created_at"]["S"]),
        occurred_at=timestamps.from_text(item["occurred_at"]["S"]),
        external_id=text_of(item, "external_id"),
        metadata=None if metadata is None else json.loads(metadata),
        enqueued_at=None if enqueued_at is None else timestamps.from_text(enqueued_at),
        lifetime=_lifetime(item),
        turns=turns,
    )


def _turns_of(item: Item) -> tuple[Turn, ...]:
    """Return the turns of an item; empty if it has a text."""
    if "turns" not in item:
        return ()
    turns = tuple(_turn(value) for value in json.loads(item["turns"]["S"]))
    if not turns or "text" in item:
        raise ValueError("there are no turns, or a text too")
    return turns


def _turn(value: dict[str, Any]) -> Turn:
    at, name = value.get("at"), value.get("name")
    if not (isinstance(value["text"], str) and isinstance(name, str | None)):
        raise TypeError("a text or a name is not a string")
    return Turn(
        Role(value["role"]), value["text"], None if at is None else timestamps.from_text(at), name
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
