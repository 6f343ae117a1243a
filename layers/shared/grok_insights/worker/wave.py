"""The calls of a wave: side by side in threads, each at its slot and through the circuit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.domain.insight import Cost
from grok_insights.errors import AnalysisError, CircuitOpen
from grok_insights.grok.prompt import Prompt

if TYPE_CHECKING:
    from grok_insights.aws.circuit import CircuitBreaker
    from grok_insights.aws.worklist import Work
    from grok_insights.flow.pace import Slots
    from grok_insights.grok.analyzer import Analyzer, Answer


@dataclass(frozen=True, slots=True)
class Call:
    """What came of one conversation's turn. ``outcome`` is None where no call was made."""

    work: Work
    outcome: Answer | AnalysisError | None
    latency_seconds: float = 0.0

    @property
    def cost(self) -> Cost:
        """What the call used up, whether or not its answer was of use."""
        if self.outcome is None:
            return Cost()
        if isinstance(self.outcome, AnalysisError):
            return Cost(self.outcome.tokens, self.outcome.cost_ticks)
        return self.outcome.cost


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks Grok."""

    analyzer: Analyzer
    circuit: CircuitBreaker
    threads: ThreadPoolExecutor
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    @property
    def longest_call_seconds(self) -> float:
        """No call takes longer than this."""
        return self.analyzer.longest_call_seconds

    def wave(self, works: Sequence[Work], slots: Slots) -> list[Call]:
        """Ask about each conversation, and return when all have been answered or have failed."""
        starts = (slots.at(index) for index in range(len(works)))
        return list(self.threads.map(self._call, works, starts))

    def _call(self, work: Work, start: float) -> Call:
        early = start - self.now().timestamp()
        if early > 0:
            self.sleep(early)
        begun = self.monotonic()
        prompt = Prompt(work.conversation.id, work.conversation.text)
        try:
            answer = self.circuit.call(lambda: self.analyzer.analyse(prompt))
        except CircuitOpen:
            return Call(work, None)
        except AnalysisError as error:
            return Call(work, error, self.monotonic() - begun)
        return Call(work, answer, answer.latency_seconds)
