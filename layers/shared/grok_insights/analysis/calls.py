"""The calls of a wave: concurrent in threads, each at its start time and guarded by the circuit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, replace
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
    from grok_insights.domain.profile import Profile
    from grok_insights.domain.segments import ActiveProfile
    from grok_insights.flow.pace import StartTimes
    from grok_insights.grok.analyzer import Analyzer, Answer


PROBE: Final = Prompt("probe", "Customer: Hello, are you there? Agent: Yes. Customer: Thank you.")
"""The short text of a probe, which finds out whether Grok is available. It is no client's
conversation: an outage then costs no conversation an attempt, and a conversation that always fails
does not delay others."""


class OwnError(AnalysisError):
    """An error that paused all calls earlier, and that the same conversation causes again.

    Grok answered a probe in between, so this conversation is the cause. The error uses an attempt,
    and shows the circuit breaker that Grok is available.
    """


@dataclass(frozen=True, slots=True)
class CallResult:
    """The result of one call. ``outcome`` is None if no call was made."""

    outcome: Answer | AnalysisError | None
    latency_seconds: float

    @property
    def cost(self) -> Cost:
        """The cost of the call, whether or not its answer was usable."""
        if self.outcome is None:
            return Cost()
        if isinstance(self.outcome, AnalysisError):
            return Cost(self.outcome.tokens, self.outcome.cost_ticks)
        return self.outcome.cost


@dataclass(frozen=True, slots=True)
class Call(CallResult):
    """The result of the call about one conversation, and the profile that was used."""

    work: Work
    active: ActiveProfile


LATEST_PROBE_SECONDS: Final = 0.5
"""How long after its start time a probe may start. A claim of the circuit takes about 10 ms."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls Grok. ``usd_per_1k`` is for the estimated cost of a call with an unexpected error."""

    analyzer: Analyzer
    circuit: CircuitBreaker
    threads: Executor
    usd_per_1k: Decimal
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def wave(
        self, works: Sequence[Work], start_times: StartTimes, active: ActiveProfile
    ) -> list[Call]:
        """Call Grok for each conversation, and return the results when all calls have ended.

        All calls use the same version of the profile. No call of the wave is in flight when this
        returns or raises.
        """
        futures: list[Future[Call]] = []
        try:
            for index, work in enumerate(works):
                start = start_times.at(index)
                futures.append(self.threads.submit(self._call_at, start, work, active))
            _wait(futures)
        finally:
            for future in futures:
                future.cancel()
            _wait(futures)
        return [future.result() for future in futures]

    def probe(self, start_times: StartTimes, profile: Profile, *, is_strict: bool) -> CallResult:
        """Call Grok with the probe's text, and return the result.

        The probe asks what the profile asks, since Grok may refuse the profile itself. If
        ``is_strict``, a refusal of the probe shows that Grok would refuse every conversation, and
        opens the circuit. Otherwise a refusal shows that Grok is available.

        If the claim of the circuit takes so long that the start time is over, no call is made: it
        would exceed the rate limit. Another probe follows when the claim has ended.
        """
        start = start_times.first_at
        self._sleep_until(start)
        prompt = replace(PROBE, profile=profile)
        ask = self._analyse_strictly if is_strict else self._analyse

        def ask_in_time() -> Answer:
            if self.now().timestamp() > start + LATEST_PROBE_SECONDS:
                raise CircuitOpen("the probe could not start in time")
            return ask(prompt)

        return self._call(ask_in_time)

    def stop(self, error: ConfigurationError) -> None:
        """Open the circuit for all execution environments, as Grok refuses every conversation."""

        def fail() -> None:
            raise error

        with suppress(CircuitOpen, ConfigurationError):
            self.circuit.call(fail)

    def _call_at(self, start: float, work: Work, active: ActiveProfile) -> Call:
        self._sleep_until(start)
        if self.circuit.view().state is not CircuitState.CLOSED:
            return Call(None, 0.0, work, active)  # a conversation is never the probe
        one = work.conversation
        prompt = Prompt(one.id, one.text, one.turns, active.profile)
        result = self._call(lambda: self._analyse_work(prompt, work.message.known_error))
        return Call(result.outcome, result.latency_seconds, work, active)

    def _sleep_until(self, start: float) -> None:
        seconds = start - self.now().timestamp()
        if seconds > 0:
            self.sleep(seconds)

    def _call(self, analyse: Callable[[], Answer]) -> CallResult:
        started_at = self.monotonic()
        try:
            answer = self.circuit.call(analyse)
        except CircuitOpen:
            return CallResult(None, 0.0)
        except AnalysisError as error:
            return CallResult(error, self.monotonic() - started_at)
        except Exception as error:  # noqa: BLE001 - the circuit breaker failed: no call was made
            logger.error(
                "the circuit breaker failed: a call was not made", error=description(error)
            )
            return CallResult(None, 0.0)
        return CallResult(answer, answer.latency_seconds)

    def _analyse_work(self, prompt: Prompt, known_error: str) -> Answer:
        try:
            return self._analyse(prompt)
        except ConfigurationError as error:
            if error.code != known_error:
                raise
            raise OwnError(
                error.code, error.message, retry_after_seconds=error.retry_after_seconds
            ) from error

    def _analyse_strictly(self, prompt: Prompt) -> Answer:
        try:
            return self._analyse(prompt)
        except PermanentError as error:
            message = f"{error.message}; the probe was refused for the same reason"
            raise ConfigurationError(
                error.code, message, tokens=error.tokens, cost_ticks=error.cost_ticks
            ) from error

    def _analyse(self, prompt: Prompt) -> Answer:
        """Return the answer. Any unexpected error becomes a transient error of this call."""
        try:
            return self.analyzer.analyse(prompt)
        except AnalysisError:
            raise
        except Exception as error:  # noqa: BLE001 - an error of one call must not affect other calls
            logger.error(
                "a call ended in an unexpected way",
                conversation_id=prompt.conversation_id,
                error=description(error),
            )
            cost = Cost() if self.analyzer.is_mock else self._estimate(prompt)
            message = f"the call ended in an unexpected way: {type(error).__name__}"
            raise TransientError(
                "unexpected", message, tokens=cost.tokens, cost_ticks=cost.ticks
            ) from None

    def _estimate(self, prompt: Prompt) -> Cost:
        overhead = self.analyzer.overhead_tokens(prompt.profile)
        return estimated_cost(prompt.text, self.usd_per_1k, overhead)


def _wait(futures: Sequence[Future[Call]]) -> None:
    """Wait until each call has ended, with or without an error."""
    for future in futures:
        if not future.cancelled():
            future.exception()
