"""An analyzer that redacts the text of each prompt before it calls another analyzer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grok_insights.domain.redaction import redacted

if TYPE_CHECKING:
    from grok_insights.domain.conversation import Turn
    from grok_insights.domain.profile import Profile
    from grok_insights.grok.analyzer import Analyzer, Answer
    from grok_insights.grok.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Redacting:
    """Passes prompts to an analyzer, without e-mail addresses, card numbers and phone numbers.

    They are removed from the text, and from the texts and names of the turns.
    """

    analyzer: Analyzer

    @property
    def longest_call_seconds(self) -> float:
        """The longest time of a call of the inner analyzer."""
        return self.analyzer.longest_call_seconds

    @property
    def model(self) -> str:
        """The model of the inner analyzer."""
        return self.analyzer.model

    def prompt_version(self, profile: Profile) -> str:
        """Return the version of the inner analyzer's prompt."""
        return self.analyzer.prompt_version(profile)

    @property
    def is_mock(self) -> bool:
        """Whether the inner analyzer is the mock."""
        return self.analyzer.is_mock

    def analyse(self, prompt: Prompt) -> Answer:
        """Analyse the redacted conversation. Raises the errors of the inner analyzer."""
        turns = tuple(_redacted(turn) for turn in prompt.turns)
        return self.analyzer.analyse(replace(prompt, text=redacted(prompt.text), turns=turns))


def _redacted(turn: Turn) -> Turn:
    name = None if turn.name is None else redacted(turn.name)
    return turn._replace(text=redacted(turn.text), name=name)
