"""Checks what depends on the settings or on the time, and makes the conversation to store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from grok_insights.domain.conversation import Conversation, transcript
from grok_insights.domain.new_conversation import NewConversation, occurrence_fault
from grok_insights.errors import Fault, InvalidRequest


def checked(
    new: NewConversation, parent: str, identity: str, *, max_text_chars: int, now: datetime
) -> Conversation:
    """Return the conversation that is accepted now, with an id.

    ``parent`` stands before the names of fields in errors: ``body.``, or empty.

    Raises
    ------
    InvalidRequest
        It is too long, or cannot have taken place at its time.
    """
    occurred_at = new.occurred_at or now
    if fault := _fault(new, occurred_at, max_text_chars, now):
        faults = (replace(fault, location=parent + fault.location),)
        raise InvalidRequest("the conversation is not valid", faults=faults)
    turns = new.turns
    return Conversation(
        id=identity,
        text=new.text or transcript(turns),
        created_at=now,
        occurred_at=occurred_at,
        external_id=new.external_id,
        metadata=new.metadata,
        turns=turns,
    )


def _fault(
    new: NewConversation, occurred_at: datetime, max_text_chars: int, now: datetime
) -> Fault | None:
    """Return the first fault; None if there is none."""
    if new.chars > max_text_chars:
        together = " together" if new.messages else ""
        return Fault(
            "messages" if new.messages else "text",
            f"must have at most {max_text_chars} characters{together}",
        )
    message = occurrence_fault(occurred_at, now)
    return Fault("occurred_at", message) if message else None
