"""Trends: the counters of a range, and a recount of the insights to check them by."""

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
"""An insight expires with its conversation, and so earlier by as long as that one has waited."""

MOST_RECOUNTED: Final = 200_000
"""Insights that can be read within the 29 seconds that API Gateway waits."""

LOOKS: Final = 4
"""Times that counters and insights are compared, until they were read at one moment."""


class Range(NamedTuple):
    """A range of whole points of a series."""

    start: datetime
    end: datetime
    interval: Interval


class Counts(NamedTuple):
    """What there is in a range: the totals of each point, and how often each topic came up."""

    series: Series
    topics: Counter[str]

    @property
    def totals(self) -> Counter[str]:
        """The sum of all points."""
        return sum(self.series.values(), start=Counter())


@dataclass(frozen=True, slots=True)
class ReadTrends:
    """The use case. Insights older than ``retention`` are gone, and cannot be recounted."""

    trends: Trends
    recount: Recount
    retention: timedelta
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    def range(self, start: datetime | None, end: datetime | None, interval: Interval) -> Range:
        """Return the range that is asked for, widened to whole points, with the defaults filled in.

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
        return _shown(wanted, self._counted(wanted), top)

    def verified(self, wanted: Range, top: int) -> TrendsBody:
        """Return the counters of a range, and beside them what a recount of the insights gives.

        Both are saved together, but cannot be read at one moment: where insights come in in
        between, they are looked at again.

        Raises
        ------
        InvalidRequest
            The range is longer than a day, older than insights are kept, or holds too many.
        """
        self._check_recount(wanted)
        for look in range(LOOKS):
            self.sleep(0.2 * look)
            counted, recounted = self._counted(wanted), Counts(*self.recount.of(*wanted))
            if counted == recounted:
                break
        return {
            **_shown(wanted, counted, top),
            "recount": {
                "totals": _totals(recounted.totals),
                "top_topics": _top(recounted.topics, top),
            },
            "difference": _difference(counted, recounted),
        }

    def is_past(self, wanted: Range) -> bool:
        """Return whether the range had ended before now, so that hardly anything in it will change."""
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
        if sum(fields[kind] for fields in series.values() for kind in KINDS) > MOST_RECOUNTED:
            raise _refused("query.verify", f"recounts {MOST_RECOUNTED} insights at the most")


def _refused(location: str, message: str) -> InvalidRequest:
    return InvalidRequest("the range is not valid", faults=(Fault(location, message),))


def _difference(counted: Counts, recounted: Counts) -> DifferenceBody:
    """By how much the counters are above the recount, and how many points and topics differ."""
    more = counted.totals
    more.subtract(recounted.totals)
    points = counted.series.keys() | recounted.series.keys()
    topics = counted.topics.keys() | recounted.topics.keys()
    return {
        "positive": more["positive"],
        "negative": more["negative"],
        "neutral": more["neutral"],
        "failed": more["failed"],
        "tokens": more["tokens"],
        "cost_ticks": more["cost_ticks"],
        "processing_ms": more["processing_ms"],
        "points": sum(counted.series.get(one) != recounted.series.get(one) for one in points),
        "topics": sum(counted.topics[one] != recounted.topics[one] for one in topics),
    }


def _shown(wanted: Range, counts: Counts, top: int) -> TrendsBody:
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
    """Return the topics that came up most, ties in the order of their names."""
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
