"""A conversation: what a client may send, its id and its lifetime."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID, uuid5

from pydantic import AfterValidator, Field

from grok_insights.domain import timestamps
from grok_insights.domain.timestamps import Instant
from grok_insights.validation import NOT_BLANK, Model

EXTERNAL_ID_NAMESPACE: Final = UUID("6f1d2d3a-8d1c-5c0e-9a53-0d6a3c1f7b42")
"""Namespace of ``uuid5`` for ids made from an ``external_id``. If it changes, stored conversations
are no longer found by their ``external_id``."""

MAX_EXTERNAL_ID_CHARS: Final = 256

MAX_TEXT_BYTES: Final = 380_000
"""The largest UTF-8 size of a text that fits a DynamoDB item (400 KB) with its other attributes."""

MAX_METADATA_BYTES: Final = 8_192
"""Bytes of the metadata as compact JSON."""

MAX_METADATA_DEPTH: Final = 32
"""Levels of objects and arrays in the metadata."""

DEFAULT_MAX_TEXT_CHARS: Final = 100_000
"""The largest number of characters of a text, if ``MAX_TEXT_CHARS`` is not set."""

EARLIEST_OCCURRENCE: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No conversation took place before this instant."""

LATEST_OCCURRENCE: Final = timedelta(days=1)
"""How far in the future a conversation may have taken place, since clients' clocks may be wrong."""

JsonObject = dict[str, Any]
"""A JSON object, as `json.loads` returns it."""


def _fits_an_item(text: str) -> str:
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise ValueError(f"must have at most {MAX_TEXT_BYTES} bytes in UTF-8")
    return text


def _is_small(metadata: JsonObject) -> JsonObject:
    if _is_nested_deeper(metadata, MAX_METADATA_DEPTH):
        raise ValueError(f"must be at most {MAX_METADATA_DEPTH} levels deep")
    try:
        size = len(metadata_json(metadata))
    except ValueError:
        raise ValueError("must not contain a number that JSON cannot represent") from None
    if size > MAX_METADATA_BYTES:
        raise ValueError(f"must have at most {MAX_METADATA_BYTES} bytes as JSON")
    return metadata


def _is_nested_deeper(value: JsonObject, levels: int) -> bool:
    """Return whether objects and arrays have more levels, without recursion."""
    level: list[Any] = [value]
    for _ in range(levels):
        children = (node.values() if isinstance(node, dict) else node for node in level)
        level = [child for nodes in children for child in nodes if isinstance(child, (dict, list))]
    return bool(level)


def metadata_json(metadata: JsonObject) -> str:
    """Return the metadata as compact ASCII JSON.

    Raises
    ------
    ValueError
        A number is not finite, which JSON cannot represent.
    """
    return json.dumps(metadata, allow_nan=False, separators=(",", ":"))


class Role(StrEnum):
    """Who says a turn of a conversation."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


class Turn(NamedTuple):
    """One message of a conversation, as the client sent it."""

    role: Role
    text: str
    at: datetime | None = None
    name: str | None = None


class ById(Model):
    """The path of one conversation."""

    conversation_id: UUID = Field(description="Id of the conversation, and of its insight.")


class NewConversation(Model):
    """One conversation, as a client sends it."""

    external_id: (
        Annotated[str, Field(pattern=NOT_BLANK, max_length=MAX_EXTERNAL_ID_CHARS)] | None
    ) = Field(
        None,
        description="The client's own name for it, which makes it harmless to send it again.",
    )
    text: Annotated[str, Field(pattern=NOT_BLANK), AfterValidator(_fits_an_item)] = Field(
        description=f"The conversation. At most {MAX_TEXT_BYTES:,} bytes in UTF-8.",
        json_schema_extra={"maxLength": DEFAULT_MAX_TEXT_CHARS},
    )
    occurred_at: Instant | None = Field(
        None,
        description=(
            "When the conversation took place, RFC 3339 with a zone: from 2000 to a day ahead. "
            "Without it, the time of acceptance."
        ),
    )
    metadata: Annotated[JsonObject, AfterValidator(_is_small)] | None = Field(
        None,
        description=(
            "Any JSON object. It is kept, and given back as it came. "
            f"At most {MAX_METADATA_BYTES:,} bytes as JSON and {MAX_METADATA_DEPTH} levels deep."
        ),
    )


def occurrence_fault(occurred_at: datetime, now: datetime) -> str | None:
    """Return why a conversation cannot have taken place at an instant; None if it can."""
    if EARLIEST_OCCURRENCE <= occurred_at <= now + LATEST_OCCURRENCE:
        return None
    return "must be from 2000-01-01T00:00:00Z to one day ahead"


class ConversationStatus(StrEnum):
    """How far a conversation is."""

    ENQUEUED = "enqueued"
    COMPLETED = "completed"
    FAILED = "failed"


MAX_GENERATION: Final = 10**15
"""A time after the year 30,000. A larger generation was not made by this package."""


class Lifetime(NamedTuple):
    """The generation of a conversation, and its expiry. Its insight has the same lifetime.

    An id is used again if the same ``external_id`` is accepted after the first conversation was
    erased or has expired. Each later conversation has a larger ``generation``: the epoch
    milliseconds of its acceptance, or more.
    """

    generation: int
    expires_at: datetime


NOT_STORED: Final = Lifetime(0, datetime.max.replace(tzinfo=UTC))
"""The lifetime of a conversation that is not stored yet."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation that was accepted.

    ``created_at`` is the time of acceptance, and ``occurred_at`` when it took place.
    ``enqueued_at`` is when a repeated request last proved that a message reached the queue; None
    until then.
    """

    id: str
    text: str
    created_at: datetime
    occurred_at: datetime
    external_id: str | None = None
    metadata: JsonObject | None = None
    enqueued_at: datetime | None = None
    lifetime: Lifetime = NOT_STORED

    def accepted(self, retention: timedelta, *, after: int = 0) -> Conversation:
        """Return this conversation with its lifetime, later than generation ``after``."""
        generation = max(timestamps.to_milliseconds(self.created_at), after + 1)
        return replace(self, lifetime=Lifetime(generation, self.created_at + retention))


def conversation_id(external_id: str | None, random_id: Callable[[], UUID]) -> str:
    """Return the id of a conversation: derived from ``external_id``, or random without one."""
    return str(random_id() if external_id is None else uuid5(EXTERNAL_ID_NAMESPACE, external_id))
