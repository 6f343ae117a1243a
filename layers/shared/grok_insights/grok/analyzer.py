"""The interface of the mock and of real Grok: both accept a prompt and return an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from grok_insights.domain.insight import Analysis, Cost
    from grok_insights.domain.profile import Profile
    from grok_insights.grok.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Answer:
    """An analysis, its model and its cost. ``latency_seconds`` is the time of the call only.

    ``invalid_values`` is the number of values that a field of the profile cannot have. They are
    null in the analysis.
    """

    analysis: Analysis
    cost: Cost
    model: str
    mock: bool
    latency_seconds: float
    prompt_version: str
    invalid_values: int = 0


class Analyzer(Protocol):
    """The mock or real Grok. Many threads call it concurrently."""

    @property
    def longest_call_seconds(self) -> float:
        """The longest time of a call."""
        ...

    @property
    def model(self) -> str:
        """The requested model. The answer may be from another one."""
        ...

    def prompt_version(self, profile: Profile) -> str:
        """Return a digest of all that changes the prompt. It does not depend on the model."""
        ...

    def overhead_tokens(self, profile: Profile) -> int:
        """Return the estimated tokens of a call in addition to the conversation."""
        ...

    @property
    def is_mock(self) -> bool:
        """Whether this is the mock, which calls no model."""
        ...

    def analyse(self, prompt: Prompt) -> Answer:
        """Analyse one conversation.

        Raises
        ------
        AnalysisError
            There is no usable answer.
        """
        ...
