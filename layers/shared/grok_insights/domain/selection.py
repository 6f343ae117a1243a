"""The filters of a list of insights."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from grok_insights.domain import timestamps
from grok_insights.domain.insight import Sentiment, Status
from grok_insights.domain.labels import CountedLabel, of_topic

EARLIEST: Final = datetime(2, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9998, 12, 31, tzinfo=UTC)
"""Instants before ``EARLIEST`` or after ``LATEST`` are replaced by these, since no insight is that
old or that new. A year is left at both ends, so that neither rounding nor a time zone nor a default
leads out of Python's calendar."""


def within_calendar(instant: datetime) -> datetime:
    """Return the instant in UTC, not before ``EARLIEST`` and not after ``LATEST``."""
    return min(max(instant, EARLIEST), LATEST).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Selection:
    """The insights with this sentiment, status, topic and labels, from ``start`` until ``end``.

    ``start`` is included, and ``end`` is not. They are compared with the time at which the
    conversation took place. None means no filter. ``labels`` are those of fields and segments.
    """

    sentiment: Sentiment | None = None
    status: Status | None = None
    topic: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    labels: tuple[CountedLabel, ...] = ()
    conversation_id: str | None = None

    @property
    def all_labels(self) -> tuple[CountedLabel, ...]:
        """All labels that an insight must have, with that of the topic."""
        return self.labels if self.topic is None else (of_topic(self.topic), *self.labels)

    @property
    def is_contradiction(self) -> bool:
        """Whether no insight can match: a failed one has no sentiment and no labels."""
        wants_analysis = self.sentiment is not None or bool(self.all_labels)
        return wants_analysis and self.status is Status.FAILED

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds (sentiments, or failed) that may match."""
        if self.sentiment is not None:
            return (str(self.sentiment),)
        if self.status is Status.FAILED:
            return (str(Status.FAILED),)
        if self.status is Status.COMPLETED or self.all_labels:
            return tuple(map(str, Sentiment))
        return (*map(str, Sentiment), str(Status.FAILED))

    def first_position(self) -> str:
        """Return the lowest position that may match. A position begins with a time."""
        return _first_millisecond(self.start or EARLIEST)

    def end_position(self) -> str:
        """Return a position above all that may match."""
        return _first_millisecond(self.end or LATEST)

    def signature(self) -> str:
        """Return a text that is different for different selections."""
        return repr(tuple(None if value is None else str(value) for value in astuple(self)))


def _first_millisecond(instant: datetime) -> str:
    """Return the first whole millisecond that is not before the instant."""
    return timestamps.to_text(within_calendar(instant) + timedelta(microseconds=999))
