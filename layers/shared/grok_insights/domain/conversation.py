"""A conversation: what a client may send, and how it gets its id."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from pydantic_core import core_schema as core

from grok_insights.checked import Checked, check
from grok_insights.domain import timestamps

EXTERNAL_ID_NAMESPACE: Final = UUID("6f1d2d3a-8d1c-5c0e-9a53-0d6a3c1f7b42")
"""Namespace of ``uuid5`` for ids made from an ``external_id``. A change would orphan all ids."""

MAX_TEXT_BYTES: Final = 380_000
"""UTF-8 bytes of a text that fit a DynamoDB item (400 KB) beside the other attributes."""

MAX_METADATA_BYTES: Final = 8_192
"""Bytes of the metadata as compact JSON."""


JsonObject = dict[str, Any]
"""A value of JSON, as `json.loads` gives it."""


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError("must not hold half a surrogate pair") from None


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _text_says_something(text: str) -> str:
    if len(_encoded(_not_blank(text))) > MAX_TEXT_BYTES:
        raise ValueError(f"must have at most {MAX_TEXT_BYTES} bytes in UTF-8")
    return text


def _external_id_is_a_name(external_id: str) -> str:
    _encoded(external_id)
    return _not_blank(external_id)


def _metadata_is_small(metadata: JsonObject) -> JsonObject:
    if len(metadata_json(metadata)) > MAX_METADATA_BYTES:
        raise ValueError(f"must have at most {MAX_METADATA_BYTES} bytes as JSON")
    return metadata


def metadata_json(metadata: JsonObject) -> str:
    """The metadata as compact ASCII JSON.

    Raises
    ------
    ValueError
        A number is not finite, which JSON cannot say.
    """
    return json.dumps(metadata, allow_nan=False, separators=(",", ":"))


SAYS_SOMETHING: Final = core.no_info_after_validator_function(
    _text_says_something, core.str_schema()
)
A_NAME: Final = core.no_info_after_validator_function(
    _external_id_is_a_name, core.str_schema(min_length=1, max_length=256)
)
SMALL: Final = core.no_info_after_validator_function(
    _metadata_is_small, core.dict_schema(core.str_schema())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConversation:
    """What a client sends.

    ``text`` is the conversation. ``external_id`` is the client's own name for it, which makes
    sending it again harmless. ``metadata`` is any JSON object, kept and given back as it came.
    """

    external_id: str | None = field(default=None, metadata=check(core.nullable_schema(A_NAME)))
    text: str = field(metadata=check(SAYS_SOMETHING))
    metadata: JsonObject | None = field(default=None, metadata=check(core.nullable_schema(SMALL)))


NEW_CONVERSATION: Final = Checked(NewConversation)


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
