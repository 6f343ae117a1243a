"""The Trends table: counters that are updated when insights are saved.

Trends are read from these counters and never from insights.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.aws import concurrent
from grok_insights.aws.dynamodb.attributes import Item, addition, numbers_of, text
from grok_insights.aws.dynamodb.items import all_parsed
from grok_insights.domain import trends
from grok_insights.domain.trends import (
    Cell,
    Counters,
    Interval,
    LabelCounts,
    LabelRange,
    Series,
    SlotRange,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import UpdateTypeDef


@dataclass(frozen=True, slots=True)
class Trends:
    """The table, whose partitions are split into ``shards``."""

    client: DynamoDBClient
    table: str
    shards: int

    def updates(self, counters: Counters) -> list[UpdateTypeDef]:
        """Return the updates that add these counters to the stored ones."""
        return [addition(self.table, key._asdict(), fields) for key, fields in counters.items()]

    def series(self, start: datetime, end: datetime, interval: Interval) -> Series:
        """Return the totals of each point of a range; zeros for a point without insights."""
        sums = {point: Counter[str]() for point in trends.points(start, end, interval)}
        runs = trends.series_slots(start, end, interval, self.shards)
        for items, slots in zip(concurrent.each(self._items, runs), runs.values(), strict=True):
            for slot, numbers in all_parsed(_numbers, items, "bucket"):
                if slot in slots:
                    sums[slots[slot]].update(numbers)
        return sums

    def labels(self, dimension: str, start: datetime, end: datetime) -> LabelCounts:
        """Return how many insights have each value of a dimension, by day and sentiment.

        The range has whole hours for topics, and whole days for other dimensions.
        """
        return self.labels_of([LabelRange(dimension, start, end)])[0]

    def labels_of(self, ranges: Sequence[LabelRange]) -> list[LabelCounts]:
        """Return the same for several ranges, whose partitions are read concurrently."""
        buckets = [trends.label_buckets(wanted, self.shards) for wanted in ranges]
        names = [bucket for some in buckets for bucket in some]
        reads = iter(concurrent.each(lambda name: self._items(SlotRange(name, "", "")), names))
        return [_label_counts((next(reads), cells) for cells in some.values()) for some in buckets]

    def _items(self, run: SlotRange) -> list[Item]:
        return list(self._pages(run))

    def _pages(self, run: SlotRange) -> Iterator[Item]:
        condition, values = "#bucket = :bucket", {":bucket": text(run.bucket)}
        if run.first:
            condition += " AND slot BETWEEN :first AND :last"
            values |= {":first": text(run.first), ":last": text(run.last)}
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression=condition,
            ExpressionAttributeNames={"#bucket": "bucket"},
            ExpressionAttributeValues=values,
        )
        for page in pages:
            yield from page["Items"]


def _label_counts(reads: Iterable[tuple[list[Item], Mapping[str, Cell]]]) -> LabelCounts:
    """Return the sums of the wanted counters, by value and cell."""
    sums: defaultdict[str, Counter[Cell]] = defaultdict(Counter)
    for items, cells in reads:
        for value, numbers in all_parsed(_numbers, items, "bucket"):
            for name in numbers.keys() & cells.keys():
                sums[value][cells[name]] += numbers[name]
    nonzero = {value: trends.without_zeros(counts) for value, counts in sums.items()}
    return {value: counts for value, counts in nonzero.items() if counts}


def _numbers(item: Item) -> tuple[str, Counter[str]]:
    """Return the slot of an item, and its counters by name."""
    return item["slot"]["S"], numbers_of(item)
