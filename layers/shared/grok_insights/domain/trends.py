"""The counters of the trends: which ones an insight changes, and which ones a range needs.

The key of a counter item is a bucket (partition key) and a slot (sort key):

===============================  ==========  ================================================
bucket                           slot        counters
===============================  ==========  ================================================
``hour#2026-11#0``               ``23T10``   by kind, and tokens, cost_ticks, processing_ms,
                                             expires_at
``day#2026#0``                   ``11-23``   the same
``topic#2026-11#0``              ``refund``  one for each day and sentiment: ``23-``
``topic#2026-11-23#0``           ``refund``  one for each hour and sentiment: ``10-``
``field.resolved#2026-11#0``     ``true``    one for each day and sentiment
``segment.channel#2026-11#0``    ``chat``    one for each day and sentiment
===============================  ==========  ================================================

The bucket ends with a shard, so that writes are spread over partitions. All counters are sums, so
additions and subtractions may be made in any order. No item has more than 93 counters, and each is
smaller than 1 KB. ``expires_at`` is the sum of the times at which the insights expire, in epoch
seconds: it shows whether the insights that a recount misses have expired.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from grok_insights.domain.insight import Sentiment, Status, Tally
from grok_insights.domain.labels import TOPIC

T = TypeVar("T")

KINDS: Final = (*map(str, Sentiment), str(Status.FAILED))
"""The kinds of insights in the counters: each sentiment, and failed."""

SUMS: Final = ("tokens", "cost_ticks", "processing_ms")
"""The counters of an hour or a day that are shown, besides those of the kinds."""

EXPIRES_AT: Final = "expires_at"

MARKS: Final = {Sentiment.POSITIVE: "+", Sentiment.NEGATIVE: "-", Sentiment.NEUTRAL: "="}
"""What the name of a label's counter ends with."""


class Key(NamedTuple):
    """The key of a counter item."""

    bucket: str
    slot: str


Counters = dict[Key, Counter[str]]

Series = dict[datetime, Counter[str]]
"""The counters of each point of a range, by the start of the point."""

Cell = tuple[datetime, str]
"""The start of a point, which is a day unless hours are wanted, and a sentiment."""

LabelCounts = dict[str, Counter[Cell]]
"""How many insights have each value of a dimension, by point and sentiment."""


class Interval(StrEnum):
    """The width of one point of a series."""

    HOUR = "hour"
    DAY = "day"

    @property
    def width(self) -> timedelta:
        """The length of one point."""
        return timedelta(hours=1) if self is Interval.HOUR else timedelta(days=1)

    def floor(self, instant: datetime) -> datetime:
        """Return the start of the point that contains the instant, in UTC."""
        whole_hour = instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return whole_hour if self is Interval.HOUR else whole_hour.replace(hour=0)

    def ceiling(self, instant: datetime) -> datetime:
        """Return the first start of a point that is not before the instant."""
        start = self.floor(instant)
        return start if start == instant else start + self.width

    def key(self, start: datetime, shard: int) -> Key:
        """Return the key of the item with the totals of the point that begins at ``start``."""
        text = start.isoformat()
        if self is Interval.HOUR:
            return Key(f"hour#{text[:7]}#{shard}", text[8:13])
        return Key(f"day#{text[:4]}#{shard}", text[5:10])


def points(start: datetime, end: datetime, interval: Interval) -> Iterator[datetime]:
    """Yield the starts of all points from ``start`` up to, but not including, ``end``."""
    while start < end:
        yield start
        start += interval.width


def counters(tally: Tally, shard: int, *, sign: int = 1) -> Counters:
    """Return what one insight adds to the counters, or subtracts from them with ``sign=-1``."""
    hour = Interval.HOUR.floor(tally.occurred_at)
    added: Counters = {interval.key(hour, shard): totals(tally, sign=sign) for interval in Interval}
    for label in tally.labels:
        mark, day = MARKS[Sentiment(tally.kind)], hour.isoformat()[:10]
        by_month = Key(f"{label.dimension}#{day[:7]}#{shard}", label.value)
        added[by_month] = Counter({f"{day[8:]}{mark}": sign})
        if label.dimension == TOPIC:
            by_day = Key(f"{label.dimension}#{day}#{shard}", label.value)
            added[by_day] = Counter({f"{hour:%H}{mark}": sign})
    return added


def totals(tally: Tally, *, sign: int = 1) -> Counter[str]:
    """Return what one insight adds to the counters of its hour and its day."""
    return Counter(
        {
            tally.kind: sign,
            "tokens": sign * tally.tokens,
            "cost_ticks": sign * tally.cost_ticks,
            "processing_ms": sign * tally.processing_time_ms,
            EXPIRES_AT: sign * tally.expires_at,
        }
    )


def total(many: Iterable[Counters]) -> Counters:
    """Return the sum of many counters, without those that are 0."""
    sums: defaultdict[Key, Counter[str]] = defaultdict(Counter)
    for one in many:
        for key, fields in one.items():
            sums[key].update(fields)
    nonzero = {key: without_zeros(fields) for key, fields in sums.items()}
    return {key: fields for key, fields in nonzero.items() if fields}


def without_zeros(numbers: Counter[T]) -> Counter[T]:
    """Return the counts that are not 0."""
    return Counter({name: number for name, number in numbers.items() if number})


class SlotRange(NamedTuple):
    """A range of items in one partition, including both ends."""

    bucket: str
    first: str
    last: str


def series_slots(
    start: datetime, end: datetime, interval: Interval, shards: int
) -> dict[SlotRange, dict[str, datetime]]:
    """Return the ranges of items of a series, with the start of the point of each slot.

    There is one range for each shard and each month (by hour) or year (by day), of at most 14
    months.
    """
    by_bucket: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
    for point in points(start, end, interval):
        for shard in range(shards):
            key = interval.key(point, shard)
            by_bucket[key.bucket][key.slot] = point
    return {SlotRange(bucket, min(slots), max(slots)): slots for bucket, slots in by_bucket.items()}


class LabelRange(NamedTuple):
    """A range of one dimension: whole hours of topics, or whole days of any dimension.

    ``interval`` is the width of the points whose counts are wanted. Hours are counted for topics
    only.
    """

    dimension: str
    start: datetime
    end: datetime
    interval: Interval = Interval.DAY


def label_buckets(wanted: LabelRange, shards: int) -> dict[str, dict[str, Cell]]:
    """Return the partitions with the labels of a range, and point and sentiment of each counter.

    Whole days are read from the partition of their month, and hours from the partition of their
    day: for 800 days at most 28 months and 2 days, multiplied by the shards.
    """
    cells: defaultdict[str, dict[str, Cell]] = defaultdict(dict)
    for day in points(Interval.DAY.floor(wanted.start), wanted.end, Interval.DAY):
        first, last = max(day, wanted.start), min(day + timedelta(days=1), wanted.end)
        if wanted.interval is Interval.DAY and last - first == timedelta(days=1):
            period, names = f"{day:%Y-%m}", {f"{day:%d}": day}
        else:
            period = f"{day:%Y-%m-%d}"
            hours = points(first, last, Interval.HOUR)
            names = {f"{hour:%H}": wanted.interval.floor(hour) for hour in hours}
        for kind, mark in MARKS.items():
            cells[period].update({f"{name}{mark}": (at, str(kind)) for name, at in names.items()})
    return {
        f"{wanted.dimension}#{period}#{shard}": of_period
        for period, of_period in cells.items()
        for shard in range(shards)
    }


def series(tallies: Iterable[Tally], start: datetime, end: datetime, interval: Interval) -> Series:
    """Return the totals of each point of a range, and zeros for a point without insights."""
    sums = {point: Counter[str]() for point in points(start, end, interval)}
    for one in tallies:
        sums[interval.floor(one.occurred_at)].update(totals(one))
    return sums


def label_counts(tallies: Iterable[Tally]) -> dict[str, LabelCounts]:
    """Return how many insights have each label, by dimension and value."""
    found: defaultdict[str, defaultdict[str, Counter[Cell]]]
    found = defaultdict(lambda: defaultdict(Counter))
    for one in tallies:
        cell = (Interval.DAY.floor(one.occurred_at), one.kind)
        for label in one.labels:
            found[label.dimension][label.value][cell] += 1
    return {dimension: dict(values) for dimension, values in found.items()}


class Expiry(StrEnum):
    """Whether all insights that the counters contain are still stored."""

    COMPLETE = "complete"
    PARTLY_EXPIRED = "partly expired"


def expired(counted: Counter[str], recounted: Counter[str], now: datetime) -> int:
    """Return how many insights of a point a recount misses because they have expired.

    The counters contain the sum of the times of expiry. So the mean of those of the missing
    insights is known exactly. If it is in the past, they have expired; otherwise they were lost,
    or the counters are wrong, and the result is 0.
    """
    missing = sum(counted[kind] - recounted[kind] for kind in KINDS)
    ends_at = counted[EXPIRES_AT] - recounted[EXPIRES_AT]
    return missing if missing > 0 and 0 < ends_at <= missing * now.timestamp() else 0
