"""The calls of a wave: side by side in threads, each at its slot and through the circuit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.domain.insight import Cost
from grok_insights.errors import AnalysisError, CircuitOpen
from grok_insights.grok.prompt import Prompt

if TYPE_CHECKING:
    from grok_insights.aws.state.circuit_breaker import CircuitBreaker
    from grok_insights.aws.worklist import Work
    from grok_insights.flow.pace import StartTimes
    from grok_insights.grok.analyzer import Analyzer, Answer


PROBE: Final = Prompt("probe", "Customer: Hello, are you there? Agent: Yes. Customer: Thank you.")
"""What Grok is asked about to find out whether it is well: as cheap as can be, and no
conversation's, so that an outage costs none an attempt, and one that always fails keeps no other
waiting."""


@dataclass(frozen=True, slots=True)
class CallResult:
    """What came of one question. ``outcome`` is None where no call was made."""

    outcome: Answer | AnalysisError | None
    latency_seconds: float

    @property
    def cost(self) -> Cost:
        """What the call used up, whether or not its answer was of use."""
        if self.outcome is None:
            return Cost()
        if isinstance(self.outcome, AnalysisError):
            return Cost(self.outcome.tokens, self.outcome.cost_ticks)
        return self.outcome.cost


@dataclass(frozen=True, slots=True)
class Call(CallResult):
    """What came of one conversation's turn."""

    work: Work


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

    def wave(self, works: Sequence[Work], start_times: StartTimes) -> list[Call]:
        """Ask about each conversation, and return when all have been answered or have failed."""
        starts = (start_times.at(index) for index in range(len(works)))
        return list(self.threads.map(self._call, works, starts))

    def probe(self, start_times: StartTimes) -> CallResult:
        """Ask about nobody's conversation."""
        return self._ask(PROBE, start_times.first_at)

    def _call(self, work: Work, start: float) -> Call:
        prompt = Prompt(work.conversation.id, work.conversation.text)
        asked = self._ask(prompt, start)
        return Call(asked.outcome, asked.latency_seconds, work)

    def _ask(self, prompt: Prompt, start: float) -> CallResult:
        early = start - self.now().timestamp()
        if early > 0:
            self.sleep(early)
        begun = self.monotonic()
        try:
            answer = self.circuit.call(lambda: self.analyzer.analyse(prompt))
        except CircuitOpen:
            return CallResult(None, 0.0)
        except AnalysisError as error:
            return CallResult(error, self.monotonic() - begun)
        return CallResult(answer, answer.latency_seconds)
