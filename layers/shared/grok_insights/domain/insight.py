"""An insight: the analysis of a conversation or its failure, the cost, and the JSON of the API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from grok_insights.domain import labels, pricing, timestamps
from grok_insights.domain.labels import CountedLabel

MAX_TOPICS: Final = 5
"""The largest number of topics of an insight, and so of indexes by topic."""

MAX_TOPIC_CHARS: Final = 40
"""The longest name of a topic."""


class Sentiment(StrEnum):
    """How the customer feels, in three classes."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"


class Status(StrEnum):
    """The status of an insight."""

    COMPLETED = "completed"
    FAILED = "failed"


class CostSource(StrEnum):
    """The source of a cost: Grok's bill, its token count at the set price, or an estimate."""

    REPORTED = "reported"
    PRICED = "priced"
    ESTIMATED = "estimated"


FieldValue = str | bool | int
"""The value of a field of the profile that is counted: one of a few."""


class Quote(NamedTuple):
    """A verbatim span of the conversation.

    ``start`` and ``end`` are offsets in code points of the stored text, or of the text of the turn
    with the index ``turn`` (from 0) if the conversation has turns. ``end`` is not included.
    """

    text: str
    start: int
    end: int
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """The result of the analysis of one conversation, by the mock or by Grok.

    ``fields`` are the values of the profile's fields by name; None if the conversation does not
    say. ``text_fields`` are those with a text, which are never counted. ``unverified_quotes`` is
    the number of quotes that were not found in the conversation. ``proposed_topic`` is a new label
    that Grok proposes where the topics are closed.
    """

    summary: str
    sentiment: Sentiment
    topics: tuple[str, ...]
    fields: Mapping[str, FieldValue | None] = field(default_factory=dict)
    text_fields: Mapping[str, str | None] = field(default_factory=dict)
    quotes: tuple[Quote, ...] = ()
    unverified_quotes: int = 0
    proposed_topic: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one call. ``ticks`` are 10^-10 USD.

    ``implausible_ticks`` is the part of the reported cost that is not plausible. It is not counted.
    """

    tokens: int = 0
    ticks: int = 0
    source: CostSource = CostSource.ESTIMATED
    implausible_ticks: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a conversation has no analysis: a code for programs, a message for people.

    ``gave_up`` is True if each attempt failed. The conversation then has a dead letter too.
    """

    code: str
    message: str
    gave_up: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """How an insight was made: the parts of ``meta`` that are not a cost.

    ``latency_seconds`` is the time of the last call only. ``attempts`` counts calls from 1.
    ``redrives`` is how often its dead letter had been redriven before. ``profile_version`` is the
    version of the profile that was used. ``mapping_version`` is the version by which a job has
    mapped the topics and the segments anew; None if none has changed them.
    """

    model: str
    mock: bool
    latency_seconds: float
    attempts: int
    prompt_version: str
    redrives: int = 0
    profile_version: int = 1
    mapping_version: int | None = None


@dataclass(frozen=True, slots=True)
class Insight:
    """The one insight of a conversation. It has either an analysis or a failure.

    ``occurred_at`` is when the conversation took place, which is the time axis of lists and trends.
    ``created_at`` is when the analysis ended. ``segments`` are the values of the profile's segments
    by name.
    """

    conversation_id: str
    occurred_at: datetime
    created_at: datetime
    outcome: Analysis | Failure
    cost: Cost
    origin: Origin
    processing_time_ms: int
    external_id: str | None = None
    segments: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """``COMPLETED`` if there is an analysis, otherwise ``FAILED``."""
        return Status.COMPLETED if isinstance(self.outcome, Analysis) else Status.FAILED

    def as_json(self) -> dict[str, Any]:
        """Return the insight as the API shows it. A failed one has ``error`` and no analysis."""
        external = {} if self.external_id is None else {"external_id": self.external_id}
        return {
            "id": self.conversation_id,
            "conversation_id": self.conversation_id,
            **external,
            "occurred_at": timestamps.to_text(self.occurred_at),
            **self.outcome_as_json(),
            "created_at": timestamps.to_text(self.created_at),
            "meta": _meta_json(self.origin, self.cost) | _unverified_json(self.outcome),
        }

    def outcome_as_json(self) -> dict[str, Any]:
        """Return how the analysis ended and what it cost, without ids and times."""
        segments = {"segments": dict(self.segments)} if self.segments else {}
        return {
            "status": self.status,
            **_outcome_json(self.outcome),
            **segments,
            "tokens_used": self.cost.tokens,
            "estimated_cost": pricing.dollars(self.cost.ticks),
            "processing_time_ms": self.processing_time_ms,
            "grok_model": self.origin.model,
        }


def _outcome_json(outcome: Analysis | Failure) -> dict[str, Any]:
    if isinstance(outcome, Failure):
        return {"error": {"code": outcome.code, "message": outcome.message}}
    return {
        "summary": outcome.summary,
        "sentiment": outcome.sentiment,
        "topics": list(outcome.topics),
        **_fields_json(outcome),
        **_quotes_json(outcome.quotes),
    }


def _fields_json(analysis: Analysis) -> dict[str, Any]:
    """Return the values of all fields; empty if the profile has no fields."""
    fields = {**analysis.fields, **analysis.text_fields}
    return {"fields": fields} if fields else {}


def _quotes_json(quotes: Iterable[Quote]) -> dict[str, Any]:
    """Return the quotes; empty if there are none."""
    shown = [
        {name: value for name, value in quote._asdict().items() if value is not None}
        for quote in quotes
    ]
    return {"quotes": shown} if shown else {}


def _unverified_json(outcome: Analysis | Failure) -> dict[str, Any]:
    """Return the number of quotes that were not found; empty if all were."""
    number = outcome.unverified_quotes if isinstance(outcome, Analysis) else 0
    return {"unverified_quotes": number} if number else {}


def _meta_json(origin: Origin, cost: Cost) -> dict[str, Any]:
    mapped = {} if origin.mapping_version is None else {"mapping_version": origin.mapping_version}
    return {
        "mock": origin.mock,
        "latency": round(origin.latency_seconds, 3),
        "estimated_tokens": cost.tokens,
        "estimated_cost": pricing.dollars(cost.ticks),
        "cost_in_usd_ticks": cost.ticks,
        "cost_source": cost.source,
        "model": origin.model,
        "attempts": origin.attempts,
        "prompt_version": origin.prompt_version,
        "profile_version": origin.profile_version,
        **mapped,
    }


@dataclass(frozen=True, slots=True)
class Tally:
    """What one insight adds to the counters of trends.

    ``kind`` is the sentiment of a completed insight, and ``failed`` for a failed one.
    ``expires_at`` is when the insight expires, in epoch seconds.
    """

    occurred_at: datetime
    kind: str
    labels: tuple[CountedLabel, ...]
    tokens: int
    cost_ticks: int
    processing_time_ms: int
    expires_at: int


def tally(insight: Insight, expires_at: datetime) -> Tally:
    """Return what an insight adds to the counters."""
    outcome = insight.outcome
    return Tally(
        occurred_at=insight.occurred_at,
        kind=str(outcome.sentiment if isinstance(outcome, Analysis) else Status.FAILED),
        labels=tuple(dict.fromkeys(_labels(insight))),
        tokens=insight.cost.tokens,
        cost_ticks=insight.cost.ticks,
        processing_time_ms=insight.processing_time_ms,
        expires_at=int(expires_at.timestamp()),
    )


def _labels(insight: Insight) -> Iterator[CountedLabel]:
    """Yield the labels of an insight. A failed one has none, and a text is never a label."""
    if not isinstance(insight.outcome, Analysis):
        return
    yield from map(labels.of_topic, insight.outcome.topics)
    for name, value in insight.outcome.fields.items():
        if value is not None:
            yield labels.of_field(name, value)
    for name, segment in insight.segments.items():
        yield labels.of_segment(name, segment)
