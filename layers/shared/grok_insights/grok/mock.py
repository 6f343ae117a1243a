"""The mock of Grok: heuristics instead of a model, without cost, with a latency like a model's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zlib import crc32

from grok_insights.domain import pricing
from grok_insights.domain.insight import Analysis, Cost, CostSource
from grok_insights.grok.analyzer import Answer
from grok_insights.grok.heuristics.profile_answer import with_profile
from grok_insights.grok.heuristics.reading import analyse_text, analyse_turns
from grok_insights.grok.prompt import Prompt

if TYPE_CHECKING:
    from grok_insights.domain.profile import Profile

MODEL: Final = "mock"
PROMPT_VERSION: Final = "mock-1"


@dataclass(frozen=True, slots=True)
class MockGrok:
    """An analyzer that returns the same answer, with the same latency, for the same text."""

    longest_call_seconds: float
    model: str = MODEL
    is_mock: bool = True
    sleep: Callable[[float], None] = time.sleep

    def prompt_version(self, profile: Profile) -> str:
        """Return the version of the heuristics, which read no instructions."""
        del profile
        return PROMPT_VERSION

    def overhead_tokens(self, profile: Profile) -> int:
        """Return 0: there is no prompt."""
        del profile
        return 0

    def analyse(self, prompt: Prompt) -> Answer:
        """Analyse one conversation by heuristics, without errors."""
        latency_seconds = self.longest_call_seconds * _latency_fraction(prompt.text)
        self.sleep(latency_seconds)
        return Answer(
            analysis=with_profile(_by_heuristics(prompt), prompt),
            cost=Cost(pricing.estimated_tokens(prompt.text), 0, CostSource.ESTIMATED),
            model=self.model,
            mock=self.is_mock,
            latency_seconds=latency_seconds,
            prompt_version=PROMPT_VERSION,
        )


def _by_heuristics(prompt: Prompt) -> Analysis:
    return analyse_turns(prompt.turns) if prompt.turns else analyse_text(prompt.text)


def _latency_fraction(text: str) -> float:
    """Return a number from 0 to 1 that looks random, and is the same for the same text."""
    return crc32(text.encode(errors="replace")) / 0xFFFFFFFF
