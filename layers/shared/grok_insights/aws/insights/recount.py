"""Counts the stored insights of a time range again, to check the counters of trends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from grok_insights.aws import concurrent
from grok_insights.aws.concurrent import chunks
from grok_insights.aws.dynamodb.attributes import Item, text
from grok_insights.aws.dynamodb.batch_get import MAX_KEYS
from grok_insights.aws.dynamodb.items import all_parsed, has_expired
from grok_insights.aws.insights.item import TALLY, TALLY_NAMES, tally_of
from grok_insights.domain import timestamps
from grok_insights.domain.trends import KINDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from grok_insights.aws.dynamodb.batch_get import BatchGet
    from grok_insights.domain.insight import Tally

PROJECTION: Final = f"conversation_id, {TALLY}"


@dataclass(frozen=True, slots=True)
class Recount:
    """Reads the index ``by_kind``, all kinds and ``shards`` concurrently."""

    client: DynamoDBClient
    table: str
    shards: int
    batch_get: BatchGet
    now: Callable[[], datetime]

    def tallies(self, start: datetime, end: datetime) -> list[Tally]:
        """Return what each insight of a range added to the counters, without expired ones."""
        partitions = [f"{kind}#{shard}" for kind, shard in product(KINDS, range(self.shards))]
        entries = concurrent.each(lambda key: list(self._entries(key, start, end)), partitions)
        items = self._with_labels([item for run in entries for item in run])
        return list(all_parsed(partial(_tally, self.now()), items, "conversation_id"))

    def _entries(self, partition: str, start: datetime, end: datetime) -> Iterator[Item]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            IndexName="by_kind",
            KeyConditionExpression="kind_shard = :partition AND #position BETWEEN :start AND :end",
            ProjectionExpression=PROJECTION,
            ExpressionAttributeNames={"#position": "position", **TALLY_NAMES},
            ExpressionAttributeValues={
                ":partition": text(partition),
                ":start": text(timestamps.to_text(start)),
                ":end": text(timestamps.to_text(end)),
            },
        )
        for page in pages:
            yield from page["Items"]

    def _with_labels(self, entries: list[Item]) -> list[Item]:
        """Return the entries. Those whose labels are too long for the index are read whole."""
        complete = [entry for entry in entries if "labels" in entry]
        ids = [entry["conversation_id"] for entry in entries if "labels" not in entry]
        reads = concurrent.each(self._items, chunks(ids, MAX_KEYS))
        return [*complete, *(item for items in reads for item in items)]

    def _items(self, ids: list[dict[str, str]]) -> list[Item]:
        request: dict[str, Any] = {
            "Keys": [{"conversation_id": identity} for identity in ids],
            "ProjectionExpression": PROJECTION,
            "ExpressionAttributeNames": TALLY_NAMES,
        }
        return self.batch_get({self.table: request})[self.table]


def _tally(now: datetime, item: Item) -> Tally | None:
    """Return the tally of an insight; None if it has expired."""
    return None if has_expired(item, now) else tally_of(item)
