"""A conversation: what a client may send, and how it gets its id."""

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
from grok_insights.validation import NOT_BLANK, Model

EXTERNAL_ID_NAMESPACE: Final = UUID("6f1d2d3a-8d1c-5c0e-9a53-0d6a3c1f7b42")
"""Namespace of ``uuid5`` for ids made from an ``external_id``. A change would orphan all ids."""

MAX_EXTERNAL_ID_CHARS: Final = 256

MAX_TEXT_BYTES: Final = 380_000
"""UTF-8 bytes of a text that fit a DynamoDB item (400 KB) beside the other attributes."""

MAX_METADATA_BYTES: Final = 8_192
"""Bytes of the metadata as compact JSON."""

MAX_METADATA_DEPTH: Final = 32
"""Levels of objects and arrays in the metadata."""

DEFAULT_MAX_TEXT_CHARS: Final = 100_000
"""Characters of a text, where ``MAX_TEXT_CHARS`` is not set."""

JsonObject = dict[str, Any]
"""A value of JSON, as `json.loads` gives it."""


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
        raise ValueError("must hold no number beyond the range of JSON's") from None
    if size > MAX_METADATA_BYTES:
        raise ValueError(f"must have at most {MAX_METADATA_BYTES} bytes as JSON")
    return metadata


def _is_nested_deeper(value: JsonObject, levels: int) -> bool:
    """Whether objects and arrays are nested deeper than that; looked at level by level."""
    level: list[Any] = [value]
    for _ in range(levels):
        inner = (one.values() if isinstance(one, dict) else one for one in level)
        level = [one for ones in inner for one in ones if isinstance(one, (dict, list))]
    return bool(level)


def metadata_json(metadata: JsonObject) -> str:
    """The metadata as compact ASCII JSON.

    Raises
    ------
    ValueError
        A number is not finite, which JSON cannot say.
    """
    return json.dumps(metadata, allow_nan=False, separators=(",", ":"))


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
    metadata: Annotated[JsonObject, AfterValidator(_is_small)] | None = Field(
        None,
        description=(
            "Any JSON object. It is kept, and given back as it came. "
            f"At most {MAX_METADATA_BYTES:,} bytes as JSON and {MAX_METADATA_DEPTH} levels deep."
        ),
    )


class ConversationStatus(StrEnum):
    """How far a conversation is."""

    ENQUEUED = "enqueued"
    COMPLETED = "completed"
    FAILED = "failed"


MAX_GENERATION: Final = 10**15
"""Later than the year 30,000: what is larger was not made by this package."""


class Lifetime(NamedTuple):
    """Which conversation of an id this is, and when it ends; its insight has the same lifetime.

    An id comes again when the same ``external_id`` is accepted after the first conversation was
    erased or has expired. Each later one has a larger ``generation``: milliseconds since 1970 at
    its acceptance, or more.
    """

    generation: int
    expires_at: datetime


NOT_STORED: Final = Lifetime(0, datetime.max.replace(tzinfo=UTC))
"""The lifetime of a conversation that has none yet."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation that was accepted.

    ``enqueued_at`` is when a repeated request last proved that a message reached the queue; None
    until then.
    """

    id: str
    text: str
    created_at: datetime
    external_id: str | None = None
    metadata: JsonObject | None = None
    enqueued_at: datetime | None = None
    lifetime: Lifetime = NOT_STORED

    def accepted(self, retention: timedelta, *, after: int = 0) -> Conversation:
        """Return this conversation with its lifetime, later than generation ``after``."""
        generation = max(timestamps.to_milliseconds(self.created_at), after + 1)
        return replace(self, lifetime=Lifetime(generation, self.created_at + retention))


def conversation_id(external_id: str | None, random_id: Callable[[], UUID]) -> str:
    """The id of a conversation: always the same one for the same ``external_id``, else random."""
    return str(random_id() if external_id is None else uuid5(EXTERNAL_ID_NAMESPACE, external_id))
