"""Reads all insights of a selection for a job: shard by shard and in the order of time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from grok_insights.aws import concurrent
from grok_insights.aws.dynamodb.attributes import Item, number_of, text, text_of
from grok_insights.aws.dynamodb.items import all_parsed, has_expired
from grok_insights.aws.insights.item import is_mark, labels_of
from grok_insights.domain import timestamps

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from grok_insights.aws.dynamodb.batch_get import BatchGet
    from grok_insights.domain.selection import Selection
    from grok_insights.domain.slices import Slice

TIME_CHARS = len("2026-11-23T10:15:00.123Z")
AFTER = "!"
"""A position with this suffix is before all later positions: no position contains it."""


class Selected(NamedTuple):
    """A selected insight. ``job_id`` is that of the job that made it; None if no job did."""

    conversation_id: str
    generation: int
    revision: int
    tokens: int
    created_at: datetime
    job_id: str | None


def selected(items: Iterable[Item]) -> list[Selected]:
    """Return the insights of items. Damaged items are logged and left out."""
    return list(all_parsed(_selected, items, "conversation_id"))


class ScanPage(NamedTuple):
    """Items of selected insights, and the position after which the next page begins.

    The position is None at the end of the slice.
    """

    items: list[Item]
    position: str | None


@dataclass(frozen=True, slots=True)
class Scan:
    """Reads the index ``by_time``, which has ``shards``, and then the items."""

    client: DynamoDBClient
    table: str
    shards: int
    batch_get: BatchGet
    now: Callable[[], datetime]

    def bounds(self, selection: Selection) -> tuple[datetime, datetime] | None:
        """Return when the first and the last conversation of a selection's range took place.

        The result is None if there is none.
        """
        if selection.conversation_id is not None:
            found = [item["position"]["S"] for item in self._named(selection)]
        else:
            found = self._ends(selection)
        times = [timestamps.from_text(one[:TIME_CHARS]) for one in found]
        return (min(times), max(times)) if times else None

    def shards_of(self, selection: Selection) -> int:
        """Return how many shards are read. One conversation is read by its id, without a shard."""
        return self.shards if selection.conversation_id is None else 1

    def _ends(self, selection: Selection) -> list[str]:
        ends = [(shard, forward) for shard in range(self.shards) for forward in (True, False)]
        return [one for one in concurrent.each(lambda end: self._end(selection, *end), ends) if one]

    def _end(self, selection: Selection, shard: int, forward: bool) -> str:
        request = self._request(shard, selection.first_position(), selection.end_position())
        response = self.client.query(**request, Limit=1, ScanIndexForward=forward)
        return next((item["position"]["S"] for item in response["Items"]), "")

    def page(
        self, selection: Selection, where: Slice, after: str, limit: int, made_by: str
    ) -> ScanPage:
        """Return the next selected insights of a slice, of at most ``limit`` that are looked at.

        The insights that the job ``made_by`` has made are selected too, as those that they replace.
        """
        if selection.conversation_id is not None:
            return ScanPage(self._named(selection, made_by), None)
        first = max(selection.first_position(), timestamps.to_text(where.start))
        end = min(selection.end_position(), timestamps.to_text(where.end))
        first = max(first, after + AFTER if after else "")
        if first > end or selection.is_contradiction:
            return ScanPage([], None)
        response = self.client.query(
            **self._request(where.shard, first, end), Limit=limit, ScanIndexForward=True
        )
        found = [item for item in response["Items"] if item["kind"]["S"] in selection.kinds]
        last = response.get("LastEvaluatedKey")
        ids = (item["conversation_id"]["S"] for item in found)
        items = self.matching(selection, ids, made_by)
        return ScanPage(items, None if last is None else last["position"]["S"])

    def matching(self, selection: Selection, ids: Iterable[str], made_by: str) -> list[Item]:
        """Return the items of those insights that match a selection, apart from its time.

        Those that the job ``made_by`` has made match whatever their labels. Damaged items are
        logged and left out.
        """
        match = partial(_matching, selection, self.now(), made_by)
        return list(all_parsed(match, self._items(ids), "conversation_id"))

    def called(self, job_id: str, ids: Iterable[str]) -> dict[str, datetime]:
        """Return when the calls began that have replaced these insights for a job, by id."""
        made = (item for item in self._items(ids) if text_of(item, "job_id") == job_id)
        return dict(all_parsed(_called, made, "conversation_id"))

    def _named(self, selection: Selection, made_by: str = "") -> list[Item]:
        """Return the insight of the one conversation that is selected, if it matches."""
        first, end = selection.first_position(), selection.end_position()
        items = self.matching(selection, [selection.conversation_id or ""], made_by)
        return [one for one in items if first <= one["position"]["S"] < end]

    def _request(self, shard: int, first: str, end: str) -> dict[str, Any]:
        return {
            "TableName": self.table,
            "IndexName": "by_time",
            "KeyConditionExpression": "time_shard = :shard AND #position BETWEEN :first AND :end",
            "ExpressionAttributeNames": {"#position": "position", "#kind": "kind"},
            "ExpressionAttributeValues": {
                ":shard": text(str(shard)),
                ":first": text(first),
                ":end": text(end),
            },
            "ProjectionExpression": "conversation_id, #position, #kind",
        }

    def _items(self, ids: Iterable[str]) -> list[Item]:
        keys: list[dict[str, Any]] = [{"conversation_id": {"S": one}} for one in ids]
        return self.batch_get({self.table: {"Keys": keys}})[self.table] if keys else []


def _matching(selection: Selection, now: datetime, made_by: str, item: Item) -> Item | None:
    """Return an item; None if it does not match."""
    if is_mark(item) or has_expired(item, now) or item["kind"]["S"] not in selection.kinds:
        return None
    if text_of(item, "job_id") == made_by:
        return item
    if selection.all_labels and not {*selection.all_labels} <= {*labels_of(item)}:
        return None
    return item


def _called(item: Item) -> tuple[str, datetime]:
    document = json.loads(item["document"]["S"])
    latency = timedelta(seconds=document["meta"]["latency"])
    return item["conversation_id"]["S"], timestamps.from_text(document["created_at"]) - latency


def _selected(item: Item) -> Selected:
    return Selected(
        item["conversation_id"]["S"],
        int(item["generation"]["N"]),
        int(item["revision"]["N"]),
        number_of(item, "tokens_used"),
        timestamps.from_text(json.loads(item["document"]["S"])["created_at"]),
        text_of(item, "job_id"),
    )
