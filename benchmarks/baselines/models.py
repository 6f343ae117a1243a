"""What clients send, as pydantic models in the style of projects that use these frameworks."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue
from pydantic import field_validator as checks

from grok_insights.domain.conversation import metadata_json
from grok_insights.domain.new_conversation import (
    MAX_METADATA_BYTES,
    MAX_TEXT_BYTES,
    NewConversation,
)
from grok_insights.domain.timestamps import RFC_3339


class Sent(BaseModel):
    """One conversation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    external_id: Annotated[str | None, Field(min_length=1, max_length=256)] = None
    text: str
    metadata: dict[str, JsonValue] | None = None

    @checks("text", "external_id")
    @classmethod
    def _says_something(cls, text: str | None) -> str | None:
        if text is not None and not text.strip():
            raise ValueError("must not be blank")
        if text is not None and len(text.encode()) > MAX_TEXT_BYTES:
            raise ValueError(f"must have at most {MAX_TEXT_BYTES} bytes in UTF-8")
        return text

    @checks("metadata")
    @classmethod
    def _is_small(cls, metadata: dict[str, JsonValue] | None) -> dict[str, JsonValue] | None:
        if metadata is not None and len(metadata_json(metadata)) > MAX_METADATA_BYTES:
            raise ValueError(f"must have at most {MAX_METADATA_BYTES} bytes as JSON")
        return metadata

    def read(self) -> NewConversation:
        """Return the conversation in the form that the use case takes."""
        return NewConversation.model_construct(**dict(self))


class SentBulk(BaseModel):
    """Many conversations; the use case checks each on its own."""

    model_config = ConfigDict(extra="forbid")

    conversations: Annotated[list[Any], Field(min_length=1, max_length=500)]


def _as_rfc_3339(text: object) -> object:
    if isinstance(text, str) and not RFC_3339.fullmatch(text):
        raise ValueError("must be an instant like 2026-11-23T10:15:00Z, with its zone")
    return text


Instant = Annotated[AwareDatetime, BeforeValidator(_as_rfc_3339)]
"""A date and time with its time zone."""
