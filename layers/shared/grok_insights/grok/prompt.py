"""One conversation as the mock or Grok gets it, without the system prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grok_insights.domain.profile import BUILT_IN

if TYPE_CHECKING:
    from grok_insights.domain.conversation import Turn
    from grok_insights.domain.profile import Profile


@dataclass(frozen=True, slots=True)
class Prompt:
    """One conversation to analyse. ``text`` and ``turns`` are data, and never instructions.

    A conversation with turns has them in its text, too, as lines like ``Customer: …``. A text with
    one of ``placeholders`` is never quoted, since something was redacted in it.
    """

    conversation_id: str
    text: str
    turns: tuple[Turn, ...] = ()
    profile: Profile = BUILT_IN
    placeholders: tuple[str, ...] = ()
