"""An analyzer that redacts the text of each prompt before it calls another analyzer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grok_insights.domain.redaction import PLACEHOLDERS, Redaction, redacted

if TYPE_CHECKING:
    from grok_insights.domain.conversation import Turn
    from grok_insights.domain.insight import Analysis, Quote
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

    def overhead_tokens(self, profile: Profile) -> int:
        """Return the estimated tokens of a call of the inner analyzer, without the conversation."""
        return self.analyzer.overhead_tokens(profile)

    @property
    def is_mock(self) -> bool:
        """Whether the inner analyzer is the mock."""
        return self.analyzer.is_mock

    def analyse(self, prompt: Prompt) -> Answer:
        """Analyse the redacted conversation. Raises the errors of the inner analyzer.

        The quotes of the answer are in the original conversation, and contain nothing that was
        redacted.
        """
        parts: dict[int | None, Redaction] = {None: Redaction(prompt.text)}
        parts |= {index: Redaction(turn.text) for index, turn in enumerate(prompt.turns)}
        turns = tuple(_redacted(turn, parts[index]) for index, turn in enumerate(prompt.turns))
        text = parts[None].text
        answer = self.analyzer.analyse(
            replace(prompt, text=text, turns=turns, placeholders=PLACEHOLDERS)
        )
        return replace(answer, analysis=_with_original_quotes(answer.analysis, parts))


def _redacted(turn: Turn, redaction: Redaction) -> Turn:
    name = None if turn.name is None else redacted(turn.name)
    return turn._replace(text=redaction.text, name=name)


def _with_original_quotes(analysis: Analysis, parts: Mapping[int | None, Redaction]) -> Analysis:
    """Return the analysis with offsets of the original. Parts of placeholders are dropped."""
    moved = [_original(quote, parts[quote.turn]) for quote in analysis.quotes]
    kept = tuple(quote for quote in moved if quote)
    dropped = len(moved) - len(kept)
    return replace(analysis, quotes=kept, unverified_quotes=analysis.unverified_quotes + dropped)


def _original(quote: Quote, redaction: Redaction) -> Quote | None:
    span = redaction.original_span(quote.start, quote.end)
    return None if span is None else quote._replace(start=span[0], end=span[1])
