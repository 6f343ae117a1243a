"""Trends: the counters of a range, and a recount of the insights to check the counters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from grok_insights.domain import trends
from grok_insights.domain.labels import TOPIC
from grok_insights.domain.selection import within_calendar
from grok_insights.domain.trends import KINDS, Interval, Series
from grok_insights.errors import Fault, InvalidRequest
from grok_insights.query.trends_counts import Counts, Range, sum_of
from grok_insights.query.trends_json import difference_json, recount_json, trends_json

if TYPE_CHECKING:
    from grok_insights.aws.insights.recount import Recount
    from grok_insights.aws.trends import Trends
    from grok_insights.bodies.trends import TrendsBody

DEFAULT_SPAN: Final = {Interval.HOUR: timedelta(hours=24), Interval.DAY: timedelta(days=30)}
LONGEST_SPAN: Final = {Interval.HOUR: timedelta(days=366), Interval.DAY: timedelta(days=800)}

MAX_RECOUNTED: Final = 200_000
"""The number of insights that can be read within API Gateway's timeout of 29 seconds."""

MAX_COMPARISONS: Final = 4
"""How often counters and insights are compared until they are equal."""


@dataclass(frozen=True, slots=True)
class ReadTrends:
    """The use case."""

    trends: Trends
    recount: Recount
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    def range(self, start: datetime | None, end: datetime | None, interval: Interval) -> Range:
        """Return the requested range, extended to whole points. Missing ends get their defaults.

        Raises
        ------
        InvalidRequest
            The range ends before it begins, or is longer than 366 days by hour or 800 by day.
        """
        last = interval.ceiling(within_calendar(end or self.now()))
        first = interval.floor(within_calendar(start or last - DEFAULT_SPAN[interval]))
        if first >= last:
            raise _refused("query.from", "must be before to")
        longest = LONGEST_SPAN[interval]
        if last - first > longest:
            message = f"must be at most {longest.days} days before to, by {interval}"
            raise _refused("query.from", message)
        return Range(first, last, interval)

    def of(self, wanted: Range, dimension: str, top: int) -> TrendsBody:
        """Return the counters of a range, and the most frequent labels of a dimension."""
        counted = self._counted(wanted, {dimension})
        return trends_json(wanted, counted, dimension, top)

    def verified(self, wanted: Range, dimension: str, top: int) -> TrendsBody:
        """Return the counters of a range, with a recount of the insights and the difference.

        Both are saved in one transaction, but are not read at the same time. If insights are saved
        in between and the results differ, both are read again. By day, the labels of all dimensions
        are compared, and by hour those of the topics. If insights have expired, the result says so
        in place of a difference.

        Raises
        ------
        InvalidRequest
            The range has too many insights.
        """
        self._check_recount(wanted)
        for attempt in range(MAX_COMPARISONS):
            self.sleep(0.2 * attempt)
            recounted = self._recounted(wanted, dimension)
            counted = self._counted(wanted, recounted.labels)
            expired = self._expired(counted.series, recounted.series)
            if expired or counted == recounted:
                break
        body = trends_json(wanted, counted, dimension, top)
        body["recount"] = recount_json(recounted, top, expired)
        if not expired:
            body["difference"] = difference_json(counted, recounted)
        return body

    def _counted(self, wanted: Range, dimensions: Iterable[str]) -> Counts:
        labels = {
            dimension: self.trends.labels(dimension, wanted.start, wanted.end)
            for dimension in dimensions
        }
        return Counts(self.trends.series(*wanted), labels)

    def _recounted(self, wanted: Range, dimension: str) -> Counts:
        """Count the insights of a range. Each dimension that is compared has an entry."""
        tallies = self.recount.tallies(wanted.start, wanted.end)
        labels = trends.label_counts(tallies)
        if wanted.interval is Interval.HOUR:
            labels = {TOPIC: labels.get(TOPIC, {})}
        return Counts(trends.series(tallies, *wanted), {TOPIC: {}, dimension: {}, **labels})

    def _expired(self, counted: Series, recounted: Series) -> int:
        """Return how many insights the recount misses because they have expired."""
        now = self.now()
        return sum(
            trends.expired(numbers, recounted[point], now) for point, numbers in counted.items()
        )

    def _check_recount(self, wanted: Range) -> None:
        totals = sum_of(self.trends.series(*wanted))
        if sum(totals[kind] for kind in KINDS) > MAX_RECOUNTED:
            raise _refused("query.verify", f"recounts {MAX_RECOUNTED} insights at the most")


def _refused(location: str, message: str) -> InvalidRequest:
    return InvalidRequest("the range is not valid", faults=(Fault(location, message),))
