"""Counts the stored insights of a time range again, to check the counters of trends."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.aws import concurrent
from grok_insights.aws.dynamodb.attributes import text
from grok_insights.aws.dynamodb.items import all_parsed
from grok_insights.aws.insights.item import tally_of
from grok_insights.domain import timestamps, trends

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from grok_insights.domain.insight import Tally
    from grok_insights.domain.trends import Interval, Series


@dataclass(frozen=True, slots=True)
class Recount:
    """Reads the Insights table by time, all ``shards`` concurrently."""

    client: DynamoDBClient
    table: str
    shards: int

    def of(self, start: datetime, end: datetime, interval: Interval) -> tuple[Series, Counter[str]]:
        """Return the totals of each point of a range, and how many insights have each topic."""
        series = {point: Counter[str]() for point in trends.points(start, end, interval)}
        topics: defaultdict[str, int] = defaultdict(int)
        for tallies in concurrent.each(
            lambda shard: list(self._tallies(shard, start, end)), range(self.shards)
        ):
            for tally in tallies:
                series[interval.floor(tally.occurred_at)].update(trends.totals(tally))
                for topic in tally.topics:
                    topics[topic] += 1
        return series, Counter(topics)

    def _tallies(self, shard: int, start: datetime, end: datetime) -> Iterator[Tally]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            IndexName="by_time",
            KeyConditionExpression="time_shard = :shard AND #position BETWEEN :start AND :end",
            ProjectionExpression="conversation_id, #kind, occurred_at, topics, tokens_used,"
            " cost_ticks, processing_time_ms",
            ExpressionAttributeNames={"#position": "position", "#kind": "kind"},
            ExpressionAttributeValues={
                ":shard": text(str(shard)),
                ":start": text(timestamps.to_text(start)),
                ":end": text(timestamps.to_text(end)),
            },
        )
        for page in pages:
            yield from all_parsed(tally_of, page["Items"], "conversation_id")
