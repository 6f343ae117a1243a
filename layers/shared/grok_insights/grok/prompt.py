"""The prompt: the input of the mock or of Grok for one conversation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prompt:
    """One conversation to analyse. ``text`` is data, and never an instruction."""

    conversation_id: str
    text: str
