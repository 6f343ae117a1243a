"""Count insights again, to compare the result with the counters of the Trends table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from grok_insights.aws.dynamodb.attributes import numbers_of
from grok_insights.aws.insights.item import is_mark, tally_of
from grok_insights.domain import trends

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Counts = Counter[tuple[str, str, str]]
"""Counts by bucket without its shard, slot and counter."""


def items(dynamodb: DynamoDBClient, table: str) -> list[dict[str, Any]]:
    """Return every item of a table."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table)
    return [dict(item) for page in pages for item in page["Items"]]


def counted(dynamodb: DynamoDBClient, table: str) -> Counts:
    """Return the stored counters, with all shards added up."""
    sums: Counts = Counter()
    for item in items(dynamodb, table):
        bucket = item["bucket"]["S"].rsplit("#", 1)[0]
        for name, number in numbers_of(item).items():
            sums[bucket, item["slot"]["S"], name] += number
    return Counter({key: number for key, number in sums.items() if number})


def recount(dynamodb: DynamoDBClient, table: str) -> Counts:
    """Return the counters that follow from the stored insights."""
    return of(items(dynamodb, table))


def of(insights: Iterable[dict[str, Any]]) -> Counts:
    """Return the counters that follow from the items of some insights."""
    sums: Counts = Counter()
    for item in insights:
        if is_mark(item):
            continue
        for key, fields in trends.counters(tally_of(item), shard=0).items():
            for name, number in fields.items():
                sums[key.bucket.rsplit("#", 1)[0], key.slot, name] += number
    return Counter({key: number for key, number in sums.items() if number})
