"""Events: what others are told about a conversation, and the ids and order of these messages."""

from __future__ import annotations

from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

EVENT_NAMESPACE: Final = UUID("b7a1f6f4-52d1-5a8e-8a0a-0b7b5e5f9c21")
"""Namespace of ``uuid5`` for the ids of events. If it changes, a repeated event gets a new id."""

SOURCE: Final = "grok-insights"
"""The ``source`` of all events."""


class EventType(StrEnum):
    """What happened."""

    INSIGHT_COMPLETED = "insight.completed"
    INSIGHT_FAILED = "insight.failed"
    CONVERSATION_ERASED = "conversation.erased"
    TREND_ALERT = "trend.alert"


class Reason(StrEnum):
    """Why an insight was stored."""

    NEW = "new"
    REDRIVE = "redrive"
    REANALYSIS = "reanalysis"
    REMAP = "remap"


def event_id(event_type: EventType, conversation_id: str, generation: int, sequence: int) -> str:
    """Return the id of an event. It is the same each time that the event is sent."""
    name = f"{conversation_id}#{generation}#{sequence}#{event_type}"
    return str(uuid5(EVENT_NAMESPACE, name))
