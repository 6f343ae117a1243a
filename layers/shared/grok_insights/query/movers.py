"""Movers: the labels of a period, compared with the period before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from grok_insights.domain import timestamps
from grok_insights.domain.insight import Sentiment
from grok_insights.domain.labels import TOPIC, CountedLabel
from grok_insights.domain.movers import Count, Mover, Period, movers
from grok_insights.domain.new_conversation import EARLIEST_OCCURRENCE
from grok_insights.domain.selection import within_calendar
from grok_insights.domain.trends import Interval
from grok_insights.errors import Fault, InvalidRequest
from grok_insights.query.trends_counts import sum_of

if TYPE_CHECKING:
    from grok_insights.aws.trends import Trends
    from grok_insights.bodies.movers import ChangesBody, MoverBody, PeriodBody

DEFAULT_SPAN: Final = timedelta(days=7)
LONGEST_SPAN: Final = timedelta(days=400)
LONGEST_SPAN_BY_HOUR: Final = timedelta(days=31)
"""Longer periods, and those of fields and segments, have whole days."""


class Span(NamedTuple):
    """A time range of whole hours or days."""

    start: datetime
    end: datetime


class Spans(NamedTuple):
    """What is over of a period, and the same part of the period before."""

    now: Span
    before: Span
    interval: Interval


@dataclass(frozen=True, slots=True)
class ReadMovers:
    """The use case."""

    trends: Trends
    now: Callable[[], datetime]

    def periods(self, start: datetime | None, end: datetime | None, dimension: str) -> Spans:
        """Return the two periods to compare. The default is the last 7 days that are over.

        The period is extended to whole hours or days. Of a period that is not over, the hours or
        days that are over are compared with the same ones of the period before. For example, days
        of a week are compared with the same days of the week before.

        Raises
        ------
        InvalidRequest
            The period ends before it begins, is longer than 400 days, begins before 2000, or has no
            hour or day that is over.
        """
        now = self.now()
        first = start and within_calendar(start)
        last = end and within_calendar(end)
        interval = _interval(dimension, first, last or now)
        last = last or interval.floor(now)
        return _compared(first or last - DEFAULT_SPAN, last, interval, now)

    def of(self, periods: Spans, dimension: str, top: int) -> ChangesBody:
        """Return labels of a dimension: significant changes first, then the largest ones."""
        now = self._period(periods.now, periods.interval, dimension)
        before = self._period(periods.before, periods.interval, dimension)
        return {
            "by": dimension,
            "period": _period_json(periods.now, now),
            "before": _period_json(periods.before, before),
            "movers": [_mover_json(mover, dimension) for mover in movers(now, before)[:top]],
        }

    def _period(self, span: Span, interval: Interval, dimension: str) -> Period:
        labels = self.trends.labels(dimension, *span)
        counts = {
            value: Count(
                count=cells.total(),
                negative=sum(n for (_, kind), n in cells.items() if kind == Sentiment.NEGATIVE),
            )
            for value, cells in labels.items()
        }
        totals = sum_of(self.trends.series(*span, interval))
        completed = sum(totals[sentiment] for sentiment in Sentiment)
        # Labels and totals are two reads, and conversations can be erased between them.
        return Period(counts, max([completed, *(one.count for one in counts.values())]))


def _interval(dimension: str, first: datetime | None, last: datetime) -> Interval:
    is_short = first is None or last - first <= LONGEST_SPAN_BY_HOUR
    return Interval.HOUR if dimension == TOPIC and is_short else Interval.DAY


def _compared(first: datetime, last: datetime, interval: Interval, now: datetime) -> Spans:
    """Return what is over of a period, and the same part of the period before.

    The periods are as far apart as the period is long, before it is extended to whole hours or
    days. They are further apart if they would overlap.
    """
    if first >= last:
        raise _refused("must be before to")
    if last - first > LONGEST_SPAN:
        raise _refused(f"must be at most {LONGEST_SPAN.days} days before to")
    if first < EARLIEST_OCCURRENCE:
        raise _refused("must be from 2000-01-01T00:00:00Z")
    start = interval.floor(first)
    end = min(interval.ceiling(last), interval.floor(now))
    if end <= start:
        raise _refused(f"must be at least one whole {interval} (UTC) before now")
    length = -((first - last) // interval.width) * interval.width
    apart = max(length, end - start)
    return Spans(Span(start, end), Span(start - apart, end - apart), interval)


def _refused(message: str) -> InvalidRequest:
    return InvalidRequest("the range is not valid", faults=(Fault("query.from", message),))


def _period_json(span: Span, period: Period) -> PeriodBody:
    return {
        "from": timestamps.to_text(span.start),
        "to": timestamps.to_text(span.end),
        "completed": period.completed,
    }


def _mover_json(mover: Mover, dimension: str) -> MoverBody:
    return {
        "label": str(CountedLabel(dimension, mover.label)),
        "value": mover.label,
        "count": mover.now.count,
        "count_before": mover.before.count,
        "share": mover.share,
        "share_before": mover.share_before,
        "change": mover.change,
        "negative_share": mover.now.negative_share,
        "negative_share_before": mover.before.negative_share,
        "p_value": mover.p_value,
        "significant": mover.is_significant,
    }
