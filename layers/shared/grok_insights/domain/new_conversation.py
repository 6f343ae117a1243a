"""What a client may send of a conversation, and how it names a stored one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from grok_insights.domain import timestamps
from grok_insights.domain.conversation import (
    DEFAULT_MAX_TEXT_CHARS,
    JsonObject,
    Role,
    Turn,
    metadata_json,
    turns_json,
)
from grok_insights.domain.timestamps import Instant
from grok_insights.validation import NOT_BLANK, Model

MAX_EXTERNAL_ID_CHARS: Final = 256

MAX_TEXT_BYTES: Final = 380_000
"""The largest UTF-8 size of a text, or of messages as JSON, that fits a DynamoDB item (400 KB) with
its other attributes."""

MAX_MESSAGES: Final = 1_000
"""The largest number of messages of a conversation."""

MAX_NAME_CHARS: Final = 100
"""Characters of the name of a speaker."""

MAX_METADATA_BYTES: Final = 8_192
"""Bytes of the metadata as compact JSON."""

MAX_METADATA_DEPTH: Final = 32
"""Levels of objects and arrays in the metadata."""

EARLIEST_OCCURRENCE: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No conversation took place before this instant."""

LATEST_OCCURRENCE: Final = timedelta(days=1)
"""How far in the future a conversation may have taken place, since clients' clocks may be wrong."""


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


ExternalId = Annotated[str, Field(pattern=NOT_BLANK, max_length=MAX_EXTERNAL_ID_CHARS)]
Text = Annotated[str, Field(pattern=NOT_BLANK)]


class ById(Model):
    """The path of one conversation."""

    conversation_id: UUID = Field(description="Id of the conversation, and of its insight.")


class ByExternalId(Model):
    """The query that names one conversation."""

    external_id: ExternalId = Field(description="The `external_id` that the client sent with it.")


class NewMessage(Model):
    """One message of a conversation, as a client sends it."""

    role: Role = Field(description="Who says it.")
    text: Text = Field(description="What is said.")
    at: Annotated[Instant, AfterValidator(timestamps.to_the_millisecond)] | None = Field(
        None,
        description="When it was said, RFC 3339 with a zone. It is shown in UTC, and not analysed.",
    )
    name: Annotated[str, Field(pattern=NOT_BLANK, max_length=MAX_NAME_CHARS)] | None = Field(
        None, description="The name of the speaker. It is shown, and not analysed."
    )

    def as_turn(self) -> Turn:
        """Return the message as a turn."""
        return Turn(self.role, self.text, self.at, self.name)


def _fit_an_item(messages: list[NewMessage]) -> list[NewMessage]:
    if len(turns_json(message.as_turn() for message in messages).encode()) > MAX_TEXT_BYTES:
        raise ValueError(f"must have at most {MAX_TEXT_BYTES} bytes as JSON in UTF-8")
    return messages


ONE_CONTENT: Final[dict[str, Any]] = {
    "if": {"required": ["messages"], "properties": {"messages": {"type": "array"}}},
    "then": {"properties": {"text": {"type": "null"}}},
    "else": {"required": ["text"], "properties": {"text": {"type": "string"}}},
}
"""JSON schema: a conversation has messages or a text, and not both."""


class NewConversation(Model):
    """One conversation, as a client sends it: with a text or with messages."""

    model_config = ConfigDict(json_schema_extra=ONE_CONTENT)

    external_id: ExternalId | None = Field(
        None,
        description="The client's own name for it, which makes it harmless to send it again.",
        examples=["ticket-1"],
    )
    messages: (
        Annotated[
            list[NewMessage],
            Field(min_length=1, max_length=MAX_MESSAGES),
            AfterValidator(_fit_an_item),
        ]
        | None
    ) = Field(
        None,
        description=(
            "The conversation as its messages in order, instead of `text`. The texts have together "
            f"at most as many characters as a `text`, and {MAX_TEXT_BYTES:,} bytes as JSON."
        ),
        examples=[
            [
                {"role": "customer", "text": "Where is my parcel?", "at": "2026-11-23T09:50:00Z"},
                {"role": "agent", "text": "It arrives tomorrow.", "name": "Priya"},
            ]
        ],
    )
    text: Annotated[Text, AfterValidator(_fits_an_item)] | None = Field(
        None,
        description=(
            "The conversation as one text, instead of `messages`. "
            f"At most {MAX_TEXT_BYTES:,} bytes in UTF-8."
        ),
        json_schema_extra={"maxLength": DEFAULT_MAX_TEXT_CHARS},
        examples=["My parcel is three weeks late. I want a refund!"],
        validate_default=True,
    )
    occurred_at: Instant | None = Field(
        None,
        description=(
            "When the conversation took place, RFC 3339 with a zone: from 2000 to a day ahead. "
            "Without it, the time of acceptance. Lists and trends are filed under it."
        ),
        examples=["2026-11-23T09:50:00Z"],
    )
    metadata: Annotated[JsonObject, AfterValidator(_is_small)] | None = Field(
        None,
        description=(
            "Any JSON object. It is kept, and given back as it came. "
            f"At most {MAX_METADATA_BYTES:,} bytes as JSON and {MAX_METADATA_DEPTH} levels deep."
        ),
        examples=[{"channel": "mail"}],
    )

    @field_validator("text")
    @classmethod
    def _is_alone(cls, text: str | None, info: ValidationInfo) -> str | None:
        if "messages" not in info.data:
            return text  # the messages have faults of their own
        has_messages = info.data["messages"] is not None
        if text is None and not has_messages:
            raise ValueError("is missing: send text or messages")
        if text is not None and has_messages:
            raise ValueError("must not be sent together with messages")
        return text

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The messages as turns; empty if the conversation is a text."""
        return tuple(message.as_turn() for message in self.messages or ())

    @property
    def chars(self) -> int:
        """The characters of the text, or of the texts of all messages."""
        return len(self.text or "") + sum(len(message.text) for message in self.messages or ())


def occurrence_fault(occurred_at: datetime, now: datetime) -> str | None:
    """Return why a conversation cannot have taken place at an instant; None if it can."""
    if EARLIEST_OCCURRENCE <= occurred_at <= now + LATEST_OCCURRENCE:
        return None
    return "must be from 2000-01-01T00:00:00Z to one day ahead"
