"""The one seam with two sides: the same prompt goes in and the same answer comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from grok_insights.domain.insight import Analysis, Cost
    from grok_insights.grok.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, from whom, and what it cost. ``latency_seconds`` is the call alone."""

    analysis: Analysis
    cost: Cost
    model: str
    mock: bool
    latency_seconds: float
    prompt_version: str


class Analyzer(Protocol):
    """Grok, mock or real. It is called from many threads side by side."""

    @property
    def longest_call_seconds(self) -> float:
        """No call takes longer than this."""
        ...

    @property
    def model(self) -> str:
        """The model that is asked; who answers may be another one."""
        ...

    @property
    def prompt_version(self) -> str:
        """Which instructions it is asked with."""
        ...

    @property
    def is_mock(self) -> bool:
        """Whether no model is asked at all."""
        ...

    def analyse(self, prompt: Prompt) -> Answer:
        """Analyse one conversation.

        Raises
        ------
        AnalysisError
            There is no usable answer.
        """
        ...
