"""A conversation: its turns, its id and its lifetime. `new_conversation` has what clients send."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from grok_insights.domain import timestamps

EXTERNAL_ID_NAMESPACE: Final = UUID("6f1d2d3a-8d1c-5c0e-9a53-0d6a3c1f7b42")
"""Namespace of ``uuid5`` for ids made from an ``external_id``. If it changes, stored conversations
are no longer found by their ``external_id``."""

DEFAULT_MAX_TEXT_CHARS: Final = 100_000
"""The largest number of characters of a text, if ``MAX_TEXT_CHARS`` is not set."""

JsonObject = dict[str, Any]
"""A JSON object, as `json.loads` returns it."""


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

    def as_json(self) -> dict[str, str]:
        """Return the turn as it is stored and shown, without what was not sent."""
        optional = {
            "at": None if self.at is None else timestamps.to_text(self.at),
            "name": self.name,
        }
        given = {name: value for name, value in optional.items() if value is not None}
        return {"role": str(self.role), "text": self.text, **given}


def turns_json(turns: Iterable[Turn]) -> str:
    """Return turns as compact JSON."""
    values = [turn.as_json() for turn in turns]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def transcript(turns: Iterable[Turn]) -> str:
    """Return the analysed text of turns: one line for each, like ``Customer: Where is it?``.

    White space within a turn becomes one blank. So each line is one turn, and what a customer
    writes on a new line is never read as the words of an agent.
    """
    return "\n".join(f"{turn.role.capitalize()}: {' '.join(turn.text.split())}" for turn in turns)


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

    ``text`` is what is analysed: the text as sent, or the `transcript` of ``turns``, which are
    empty if the client sent a text. ``created_at`` is the time of acceptance, and ``occurred_at``
    when it took place. ``enqueued_at`` is when a repeated request last proved that a message
    reached the queue; None until then.
    """

    id: str
    text: str
    created_at: datetime
    occurred_at: datetime
    external_id: str | None = None
    metadata: JsonObject | None = None
    enqueued_at: datetime | None = None
    lifetime: Lifetime = NOT_STORED
    turns: tuple[Turn, ...] = ()

    def has_same_content(self, other: Conversation) -> bool:
        """Return whether the client sent the same text, or the same messages."""
        return (self.text, self.turns) == (other.text, other.turns)

    def accepted(self, retention: timedelta, *, after: int = 0) -> Conversation:
        """Return this conversation with its lifetime, later than generation ``after``."""
        generation = max(timestamps.to_milliseconds(self.created_at), after + 1)
        return replace(self, lifetime=Lifetime(generation, self.created_at + retention))


def named_id(external_id: str) -> str:
    """Return the id of the conversation with an ``external_id``."""
    return str(uuid5(EXTERNAL_ID_NAMESPACE, external_id))


def conversation_id(external_id: str | None, random_id: Callable[[], UUID]) -> str:
    """Return the id of a conversation: derived from ``external_id``, or random without one."""
    return str(random_id()) if external_id is None else named_id(external_id)
