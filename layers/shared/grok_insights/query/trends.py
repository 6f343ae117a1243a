"""Trends: the counters of a range, and a recount of the insights to check the counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from grok_insights.domain import pricing, timestamps
from grok_insights.domain.selection import within_calendar
from grok_insights.domain.trends import KINDS, Interval, Series
from grok_insights.errors import Fault, InvalidRequest

if TYPE_CHECKING:
    from grok_insights.aws.insights.recount import Recount
    from grok_insights.aws.trends import Trends
    from grok_insights.bodies.trends import DifferenceBody, TopicCountBody, TotalsBody, TrendsBody

DEFAULT_SPAN: Final = {Interval.HOUR: timedelta(hours=24), Interval.DAY: timedelta(days=30)}
LONGEST_SPAN: Final = timedelta(days=366)
LONGEST_RECOUNT: Final = timedelta(days=1)

LONGEST_WAIT: Final = timedelta(days=1)
"""An insight expires with its conversation, so the time that the conversation waited is missing at
the end of the retention."""

MAX_RECOUNTED: Final = 200_000
"""The number of insights that can be read within API Gateway's timeout of 29 seconds."""

MAX_COMPARISONS: Final = 4
"""How often counters and insights are compared until they are equal."""


class Range(NamedTuple):
    """A range of whole points of a series."""

    start: datetime
    end: datetime
    interval: Interval


class Counts(NamedTuple):
    """The counts of a range: the totals of each point, and the number of insights of each topic."""

    series: Series
    topics: Counter[str]

    @property
    def totals(self) -> Counter[str]:
        """The sum of all points."""
        return sum(self.series.values(), start=Counter())


@dataclass(frozen=True, slots=True)
class ReadTrends:
    """The use case. Insights older than ``retention`` are deleted, and cannot be recounted."""

    trends: Trends
    recount: Recount
    retention: timedelta
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    def range(self, start: datetime | None, end: datetime | None, interval: Interval) -> Range:
        """Return the requested range, extended to whole points. Missing ends get their defaults.

        Raises
        ------
        InvalidRequest
            The range ends before it begins, or is longer than a year.
        """
        last = interval.ceiling(within_calendar(end or self.now()))
        first = interval.floor(within_calendar(start or last - DEFAULT_SPAN[interval]))
        if first >= last:
            raise _refused("query.from", "must be before to")
        if last - first > LONGEST_SPAN:
            raise _refused("query.from", f"must be at most {LONGEST_SPAN.days} days before to")
        return Range(first, last, interval)

    def of(self, wanted: Range, top: int) -> TrendsBody:
        """Return the counters of a range."""
        return _body(wanted, self._counted(wanted), top)

    def verified(self, wanted: Range, top: int) -> TrendsBody:
        """Return the counters of a range, with a recount of the insights and the difference.

        Both are saved in one transaction, but are not read at the same time. If insights are saved
        in between and the results differ, both are read again.

        Raises
        ------
        InvalidRequest
            The range is longer than a day, older than the retention, or has too many insights.
        """
        self._check_recount(wanted)
        for attempt in range(MAX_COMPARISONS):
            self.sleep(0.2 * attempt)
            counted, recounted = self._counted(wanted), Counts(*self.recount.of(*wanted))
            if counted == recounted:
                break
        return {
            **_body(wanted, counted, top),
            "recount": {
                "totals": _totals(recounted.totals),
                "top_topics": _top(recounted.topics, top),
            },
            "difference": _difference(counted, recounted),
        }

    def is_past(self, wanted: Range) -> bool:
        """Return whether the range ended five minutes ago, so that little in it can change."""
        return wanted.end < self.now() - timedelta(minutes=5)

    def _counted(self, wanted: Range) -> Counts:
        series = self.trends.series(*wanted)
        return Counts(series, self.trends.topics(wanted.start, wanted.end))

    def _check_recount(self, wanted: Range) -> None:
        if wanted.end - wanted.start > LONGEST_RECOUNT:
            raise _refused("query.verify", "recounts a day at the most")
        if wanted.start < self.now() - self.retention + min(LONGEST_WAIT, self.retention / 2):
            raise _refused("query.verify", f"insights are kept for {self.retention.days} days")
        series = self.trends.series(*wanted)
        if sum(fields[kind] for fields in series.values() for kind in KINDS) > MAX_RECOUNTED:
            raise _refused("query.verify", f"recounts {MAX_RECOUNTED} insights at the most")


def _refused(location: str, message: str) -> InvalidRequest:
    return InvalidRequest("the range is not valid", faults=(Fault(location, message),))


def _difference(counted: Counts, recounted: Counts) -> DifferenceBody:
    """Return the counters minus the recount, and how many points and topics differ."""
    difference = counted.totals
    difference.subtract(recounted.totals)
    points = counted.series.keys() | recounted.series.keys()
    topics = counted.topics.keys() | recounted.topics.keys()
    return {
        "positive": difference["positive"],
        "negative": difference["negative"],
        "neutral": difference["neutral"],
        "failed": difference["failed"],
        "tokens": difference["tokens"],
        "cost_ticks": difference["cost_ticks"],
        "processing_ms": difference["processing_ms"],
        "points": sum(counted.series.get(point) != recounted.series.get(point) for point in points),
        "topics": sum(counted.topics[topic] != recounted.topics[topic] for topic in topics),
    }


def _body(wanted: Range, counts: Counts, top: int) -> TrendsBody:
    return {
        "from": timestamps.to_text(wanted.start),
        "to": timestamps.to_text(wanted.end),
        "interval": wanted.interval,
        "totals": _totals(counts.totals),
        "series": [
            {"start": timestamps.to_text(point), **_totals(fields)}
            for point, fields in counts.series.items()
        ],
        "top_topics": _top(counts.topics, top),
    }


def _top(topics: Counter[str], top: int) -> list[TopicCountBody]:
    """Return the most frequent topics; those with the same count in the order of their names."""
    order = sorted(topics.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"topic": topic, "count": count} for topic, count in order[:top]]


def _totals(fields: Counter[str]) -> TotalsBody:
    """Return the counters as the API shows them."""
    count = sum(fields[kind] for kind in KINDS)
    return {
        "count": count,
        "positive": fields["positive"],
        "negative": fields["negative"],
        "neutral": fields["neutral"],
        "failed": fields["failed"],
        "tokens_used": fields["tokens"],
        "estimated_cost": pricing.dollars(fields["cost_ticks"]),
        "mean_processing_time_ms": round(fields["processing_ms"] / count) if count else None,
    }
