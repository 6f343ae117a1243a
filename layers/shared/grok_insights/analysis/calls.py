"""The calls of a wave: side by side in threads, each at its time and through the circuit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from grok_insights.analysis.containment import description
from grok_insights.domain.insight import Cost
from grok_insights.errors import (
    AnalysisError,
    CircuitOpen,
    ConfigurationError,
    PermanentError,
    TransientError,
)
from grok_insights.flow.budget import estimated_cost
from grok_insights.flow.pauses import CircuitState
from grok_insights.grok.prompt import Prompt
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.aws.state.circuit_breaker import CircuitBreaker
    from grok_insights.aws.worklist import Work
    from grok_insights.flow.pace import StartTimes
    from grok_insights.grok.analyzer import Analyzer, Answer


PROBE: Final = Prompt("probe", "Customer: Hello, are you there? Agent: Yes. Customer: Thank you.")
"""What Grok is asked about to find out whether it is well: as cheap as can be, and no
conversation's, so that an outage costs none an attempt, and one that always fails keeps no other
waiting."""


class OwnError(AnalysisError):
    """An error that stopped all calls before, met again by the same conversation alone.

    Grok answered a probe in between, so it is this conversation that meets the error. It uses an
    attempt, and shows the circuit breaker that Grok is well.
    """


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
    """Asks Grok. ``usd_per_1k`` is for the estimate of a call that ended in an unexpected way."""

    analyzer: Analyzer
    circuit: CircuitBreaker
    threads: Executor
    usd_per_1k: Decimal
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def wave(self, works: Sequence[Work], start_times: StartTimes) -> list[Call]:
        """Ask about each conversation, and return when all have been answered or have failed.

        No call of the wave is under way any more when this returns or raises.
        """
        futures: list[Future[Call]] = []
        try:
            for index, work in enumerate(works):
                futures.append(self.threads.submit(self._call, work, start_times.at(index)))
            _wait(futures)
        finally:
            for future in futures:
                future.cancel()
            _wait(futures)
        return [future.result() for future in futures]

    def probe(self, start_times: StartTimes, *, is_strict: bool) -> CallResult:
        """Ask about nobody's conversation.

        Where ``is_strict``, a refusal of it shows that no conversation could be analysed, and
        opens the circuit; else it shows that Grok answers.
        """
        self._sleep_until(start_times.first_at)
        return self._ask(lambda: self._strictly(PROBE) if is_strict else self._analysed(PROBE))

    def stop(self, error: ConfigurationError) -> None:
        """Open the circuit for all functions: no conversation could be analysed."""

        def fail() -> None:
            raise error

        with suppress(CircuitOpen, ConfigurationError):
            self.circuit.call(fail)

    def _call(self, work: Work, start: float) -> Call:
        self._sleep_until(start)
        if self.circuit.view().state is not CircuitState.CLOSED:
            return Call(None, 0.0, work)  # a conversation is never the probe
        prompt = Prompt(work.conversation.id, work.conversation.text)
        asked = self._ask(lambda: self._about(prompt, work.message.known_error))
        return Call(asked.outcome, asked.latency_seconds, work)

    def _sleep_until(self, start: float) -> None:
        early = start - self.now().timestamp()
        if early > 0:
            self.sleep(early)

    def _ask(self, analyse: Callable[[], Answer]) -> CallResult:
        begun = self.monotonic()
        try:
            answer = self.circuit.call(analyse)
        except CircuitOpen:
            return CallResult(None, 0.0)
        except AnalysisError as error:
            return CallResult(error, self.monotonic() - begun)
        except Exception as error:  # noqa: BLE001 - only the circuit's own table is left: no call was made
            logger.error("the circuit did not let a call through", error=description(error))
            return CallResult(None, 0.0)
        return CallResult(answer, answer.latency_seconds)

    def _about(self, prompt: Prompt, known_error: str) -> Answer:
        try:
            return self._analysed(prompt)
        except ConfigurationError as error:
            if error.code != known_error:
                raise
            raise OwnError(
                error.code, error.message, retry_after_seconds=error.retry_after_seconds
            ) from error

    def _strictly(self, prompt: Prompt) -> Answer:
        try:
            return self._analysed(prompt)
        except PermanentError as error:
            message = f"{error.message}; a conversation of our own was refused alike"
            raise ConfigurationError(
                error.code, message, tokens=error.tokens, cost_ticks=error.cost_ticks
            ) from error

    def _analysed(self, prompt: Prompt) -> Answer:
        """The answer. Whatever else is raised becomes an error of this one call."""
        try:
            return self.analyzer.analyse(prompt)
        except AnalysisError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of one call must cost no other
            logger.error(
                "a call ended in an unexpected way",
                conversation_id=prompt.conversation_id,
                error=description(error),
            )
            cost = Cost() if self.analyzer.is_mock else estimated_cost(prompt.text, self.usd_per_1k)
            message = f"the call ended in an unexpected way: {type(error).__name__}"
            raise TransientError(
                "unexpected", message, tokens=cost.tokens, cost_ticks=cost.ticks
            ) from None


def _wait(futures: Sequence[Future[Call]]) -> None:
    """Wait until each has ended, however it did."""
    for future in futures:
        if not future.cancelled():
            future.exception()
