"""The counters of the trends: which ones an insight changes, and which ones a range needs.

The key of a counter item is a bucket (partition key) and a slot (sort key):

========================  ==========  ======================================================
bucket                    slot        counters
========================  ==========  ======================================================
``hour#2026-11#0``        ``23T10``   by kind, and tokens, cost_ticks, processing_ms
``day#2026#0``            ``11-23``   the same
``topics#2026-11#0``      a topic     one for each day of the month: ``d23``
``topics#2026-11-23#0``   a topic     one for each hour of the day: ``h10``
========================  ==========  ======================================================

The bucket ends with a shard, so that writes are spread over partitions. All counters are sums, so
additions and subtractions may be made in any order. No item has more than 31 counters.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from grok_insights.domain.insight import Sentiment, Status, Tally

KINDS: Final = (*map(str, Sentiment), str(Status.FAILED))
"""The kinds of insights in the counters: each sentiment, and failed."""

FIELDS: Final = (*KINDS, "tokens", "cost_ticks", "processing_ms")
"""The counters of an hour or a day."""


class Key(NamedTuple):
    """The key of a counter item."""

    bucket: str
    slot: str


Counters = dict[Key, Counter[str]]

Series = dict[datetime, Counter[str]]
"""The counters of each point of a range, by the start of the point."""


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
    text = hour.isoformat()
    for topic in tally.topics:
        added[Key(f"topics#{text[:7]}#{shard}", topic)] = Counter({f"d{text[8:10]}": sign})
        added[Key(f"topics#{text[:10]}#{shard}", topic)] = Counter({f"h{text[11:13]}": sign})
    return added


def totals(tally: Tally, *, sign: int = 1) -> Counter[str]:
    """Return what one insight adds to the counters of its hour and its day."""
    return Counter(
        {
            tally.kind: sign,
            "tokens": sign * tally.tokens,
            "cost_ticks": sign * tally.cost_ticks,
            "processing_ms": sign * tally.processing_time_ms,
        }
    )


def total(many: Iterable[Counters]) -> Counters:
    """Return the sum of many counters, without those that are 0."""
    sums: defaultdict[Key, Counter[str]] = defaultdict(Counter)
    for one in many:
        for key, fields in one.items():
            sums[key].update(fields)
    nonzero = {key: _without_zeros(fields) for key, fields in sums.items()}
    return {key: fields for key, fields in nonzero.items() if fields}


def _without_zeros(fields: Counter[str]) -> Counter[str]:
    return Counter({name: number for name, number in fields.items() if number})


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


def topic_buckets(start: datetime, end: datetime, shards: int) -> dict[str, frozenset[str]]:
    """Return the partitions with the topics of a range of whole hours, and the counters to add up.

    Whole days are read from the partition of their month, and the hours of an incomplete day from
    the partition of that day: for a year, at most 14 months and 2 days, multiplied by the shards.
    """
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for day in points(Interval.DAY.floor(start), end, Interval.DAY):
        first, last = max(day, start), min(day + timedelta(days=1), end)
        if last - first == timedelta(days=1):
            wanted[f"{day:%Y-%m}"].add(f"d{day:%d}")
        else:
            wanted[f"{day:%Y-%m-%d}"] |= {f"h{h:%H}" for h in points(first, last, Interval.HOUR)}
    return {
        f"topics#{period}#{shard}": frozenset(fields)
        for period, fields in wanted.items()
        for shard in range(shards)
    }
