"""A conversation: what a client may send, and how it gets its id."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

EXTERNAL_ID_NAMESPACE: Final = UUID("6f1d2d3a-8d1c-5c0e-9a53-0d6a3c1f7b42")
"""Namespace of ``uuid5`` for ids made from an ``external_id``. A change would orphan all ids."""

MAX_TEXT_BYTES: Final = 380_000
"""UTF-8 bytes of a text that fit a DynamoDB item (400 KB) beside the other attributes."""

MAX_METADATA_BYTES: Final = 8_192
"""Bytes of the metadata as compact JSON."""


class NewConversation(BaseModel):
    """What a client sends.

    ``text`` is the conversation. ``external_id`` is the client's own name for it, which makes
    sending it again harmless. ``metadata`` is any JSON object, kept and given back as it came.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    external_id: Annotated[str | None, Field(min_length=1, max_length=256)] = None
    text: str
    metadata: dict[str, JsonValue] | None = None

    @field_validator("text")
    @classmethod
    def _text_says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("must not be blank")
        if len(_encoded(text)) > MAX_TEXT_BYTES:
            raise ValueError(f"must have at most {MAX_TEXT_BYTES} bytes in UTF-8")
        return text

    @field_validator("external_id")
    @classmethod
    def _external_id_is_a_name(cls, external_id: str | None) -> str | None:
        if external_id is not None and not _encoded(external_id).strip():
            raise ValueError("must not be blank")
        return external_id

    @field_validator("metadata")
    @classmethod
    def _metadata_is_small(
        cls, metadata: dict[str, JsonValue] | None
    ) -> dict[str, JsonValue] | None:
        if metadata is not None and len(metadata_json(metadata)) > MAX_METADATA_BYTES:
            raise ValueError(f"must have at most {MAX_METADATA_BYTES} bytes as JSON")
        return metadata


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError("must not hold half a surrogate pair") from None


def metadata_json(metadata: dict[str, JsonValue]) -> str:
    """The metadata as compact ASCII JSON.

    Raises
    ------
    ValueError
        A number is not finite, which JSON cannot say.
    """
    return json.dumps(metadata, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation that was accepted.

    ``enqueued_at`` is None until a request found proof that its message reached the queue:
    see ``docs/decisions.md``.
    """

    id: str
    text: str
    created_at: datetime
    external_id: str | None = None
    metadata: dict[str, JsonValue] | None = None
    enqueued_at: datetime | None = None


def conversation_id(external_id: str | None, random_id: Callable[[], UUID]) -> str:
    """The id of a conversation: always the same one for the same ``external_id``, else random."""
    return str(random_id() if external_id is None else uuid5(EXTERNAL_ID_NAMESPACE, external_id))
