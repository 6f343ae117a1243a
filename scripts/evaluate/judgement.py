"""What is compared: the labels of a person, and what the analyzer answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from grok_insights.domain.insight import Sentiment
from grok_insights.validation import Model
from scripts.evaluate.labelled import FieldValue, Labelled


class Labels(Model):
    """The labels of a conversation. ``topics`` is None where they are not labelled."""

    sentiment: Sentiment
    topics: tuple[str, ...] | None = None
    fields: Mapping[str, FieldValue] = {}

    @classmethod
    def of(cls, conversation: Labelled) -> Self:
        """Return the labels that a person gave."""
        return cls(
            sentiment=conversation.sentiment,
            topics=conversation.topics,
            fields=conversation.fields,
        )


class Judgement(Model):
    """One call about one conversation: the expected labels and the answer.

    ``found`` is None if there is no answer; ``error`` is then the code of the error. ``repeat``
    counts from 1. ``cost_ticks`` are 10^-10 USD, and include calls that failed.
    """

    id: str
    repeat: int = 1
    language: str | None = None
    tags: tuple[str, ...] = ()
    expected: Labels
    found: Labels | None = None
    error: str | None = None
    model: str = ""
    tokens: int = 0
    cost_ticks: int = 0
    latency_seconds: float = 0.0
    verified_quotes: int = 0
    unverified_quotes: int = 0
