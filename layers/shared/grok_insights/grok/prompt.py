"""The prompt: what Grok, mock or real, is asked about one conversation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question. ``text`` is the conversation, and data: it is never an instruction."""

    conversation_id: str
    text: str
