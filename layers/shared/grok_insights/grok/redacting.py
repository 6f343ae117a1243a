"""Grok behind a curtain: the text of each prompt is redacted before anybody else sees it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grok_insights.domain.redaction import redacted

if TYPE_CHECKING:
    from grok_insights.grok.analyzer import Analyzer, Answer
    from grok_insights.grok.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Redacting:
    """An analyzer that passes everything on but what tells who the customer is."""

    analyzer: Analyzer

    @property
    def longest_call_seconds(self) -> float:
        """As long as the analyzer behind it takes."""
        return self.analyzer.longest_call_seconds

    @property
    def model(self) -> str:
        """The model of the analyzer behind it."""
        return self.analyzer.model

    @property
    def prompt_version(self) -> str:
        """The instructions of the analyzer behind it."""
        return self.analyzer.prompt_version

    @property
    def is_mock(self) -> bool:
        """Whether the analyzer behind it asks no model at all."""
        return self.analyzer.is_mock

    def analyse(self, prompt: Prompt) -> Answer:
        """Have the redacted conversation analysed. Raises what the analyzer raises."""
        return self.analyzer.analyse(replace(prompt, text=redacted(prompt.text)))
