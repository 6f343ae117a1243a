"""Runs an analyzer over labelled conversations, with a bound on concurrent calls."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from grok_insights.domain.insight import Analysis
from grok_insights.domain.profile import BUILT_IN, Profile
from grok_insights.errors import AnalysisError, ConfigurationError, CreditsError, TransientError
from grok_insights.flow.backoff import retry_delay_seconds
from grok_insights.grok.analyzer import Analyzer, Answer
from grok_insights.grok.prompt import Prompt
from scripts.evaluate.judgement import Judgement, Labels
from scripts.evaluate.labelled import Labelled

MAX_ATTEMPTS: Final = 3


class Stopped(Exception):
    """No conversation can be analysed: the key, the model or the credits. The message says why."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Calls the analyzer about each conversation, as often as ``repeats``.

    Transient errors are tried again, ``MAX_ATTEMPTS`` calls in all. ``jitter`` returns a random
    number from 0 to 1.
    """

    analyzer: Analyzer
    profile: Profile = BUILT_IN
    repeats: int = 1
    concurrency: int = 8
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def judgements(self, conversations: Sequence[Labelled]) -> Iterator[Judgement]:
        """Yield a judgement for each conversation and repeat, in order.

        Raises
        ------
        Stopped
            An error concerns all conversations. Calls that have not started are not made.
        """
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="evaluate")
        try:
            futures = [
                pool.submit(self._judge, conversation, repeat)
                for repeat in range(1, self.repeats + 1)
                for conversation in conversations
            ]
            for future in futures:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _judge(self, conversation: Labelled, repeat: int) -> Judgement:
        judgement = Judgement(
            id=conversation.id,
            repeat=repeat,
            language=conversation.language,
            tags=conversation.tags,
            expected=Labels.of(conversation),
        )
        prompt = prompt_of(conversation, self.profile)
        tokens = ticks = 0
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                answer = self.analyzer.analyse(prompt)
            except (ConfigurationError, CreditsError) as error:
                raise Stopped(str(error)) from error
            except AnalysisError as error:
                tokens, ticks = tokens + error.tokens, ticks + error.cost_ticks
                if attempt == MAX_ATTEMPTS or not isinstance(error, TransientError):
                    return judgement.model_copy(
                        update={"error": error.code, "tokens": tokens, "cost_ticks": ticks}
                    )
                self.sleep(retry_delay_seconds(attempt, error.retry_after_seconds, self.jitter()))
            else:
                return judgement.model_copy(update=_answered(answer, tokens, ticks))
        raise AssertionError("the last attempt returns")


def prompt_of(conversation: Labelled, profile: Profile) -> Prompt:
    """Return the prompt about a conversation. The same ``id`` always gives the same prompt id."""
    return Prompt(
        str(uuid5(NAMESPACE_URL, conversation.id)),
        conversation.transcript,
        conversation.turns,
        profile,
    )


def labels_of(analysis: Analysis) -> Labels:
    """Return what the analyzer answered, as labels."""
    return Labels(
        sentiment=analysis.sentiment,
        topics=analysis.topics,
        fields={**analysis.fields, **analysis.text_fields},
    )


def _answered(answer: Answer, tokens: int, ticks: int) -> dict[str, object]:
    return {
        "found": labels_of(answer.analysis),
        "verified_quotes": len(answer.analysis.quotes),
        "unverified_quotes": answer.analysis.unverified_quotes,
        "model": answer.model,
        "tokens": tokens + answer.cost.tokens,
        "cost_ticks": ticks + answer.cost.ticks,
        "latency_seconds": answer.latency_seconds,
    }
