"""Reads insights in the order of time from the most selective index, one page at a time.

Each index is split into partitions. A page is merged from all partitions that may contain matches.
About the same share of the page is read from each partition, and more only if that was not enough.
So the cost of a page depends on the size of the page and not of the table. No page reads more than
`MAX_READ` items. If few items match a filter, the page is short, and it contains the position at
which the next page starts.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from grok_insights.aws import concurrent
from grok_insights.aws.dynamodb.attributes import Item, text
from grok_insights.aws.dynamodb.items import all_parsed, has_expired
from grok_insights.aws.insights.item import valid_document
from grok_insights.domain.insight import MAX_TOPICS, Sentiment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from grok_insights.domain.selection import Selection

MAX_READ: Final = 600
"""The largest number of items read for one page: about 0.1 seconds, and 100 read units."""

MAX_READ_ROUNDS: Final = 8
"""The largest number of rounds of concurrent reads for one page."""


class Placed(NamedTuple):
    """A document and its position in the order of time."""

    position: str
    document: str


class Stretch(NamedTuple):
    """Consecutive matches, newest first. The next page starts before ``rest``; None at the end."""

    placed: list[Placed]
    rest: str | None


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of an index."""

    index: str
    attribute: str
    key: str


@dataclass(slots=True)
class Run:
    """The items of one partition that were read and not merged yet."""

    partition: Partition
    reached: str
    """All items at or above this position have been read."""
    read: deque[Placed] = field(default_factory=deque)
    is_ended: bool = False

    @property
    def is_blocking(self) -> bool:
        """Whether the next item of this partition is not known."""
        return not self.read and not self.is_ended


@dataclass(frozen=True, slots=True)
class Timeline:
    """The indexes of the Insights table, whose partitions are split into ``shards``."""

    client: DynamoDBClient
    table: str
    shards: int
    now: Callable[[], datetime]

    def page(self, selection: Selection, *, before: str | None, limit: int) -> Stretch:
        """Return at most ``limit`` matches before a position, newest first; None is the newest."""
        end = min(before or selection.end_position(), selection.end_position())
        if selection.is_contradiction or selection.first_position() >= end:
            return Stretch([], None)
        runs = [Run(partition, reached=end) for partition in self._partitions(selection)]
        placed: list[Placed] = []
        for share, blocking in _rounds(runs, placed, limit + 1, selection):
            concurrent.each(partial(self._read, selection, share), blocking)
            placed += _merged(runs, limit + 1 - len(placed))
        if len(placed) > limit:
            return Stretch(placed[:limit], placed[limit - 1].position)
        return Stretch(placed, _floor(runs) or None)

    def _partitions(self, selection: Selection) -> Iterable[Partition]:
        for shard in range(self.shards):
            if selection.topic is not None:
                for place in range(1, MAX_TOPICS + 1):
                    name = f"topic_{place}"
                    yield Partition(f"by_{name}", name, f"{selection.topic}#{shard}")
            elif selection.sentiment is not None or selection.status is not None:
                for kind in selection.kinds:
                    yield Partition("by_kind", "kind_shard", f"{kind}#{shard}")
            else:
                yield Partition("by_time", "time_shard", str(shard))

    def _read(self, selection: Selection, limit: int, run: Run) -> None:
        """Read the next items of a partition, at most ``limit``."""
        response = self.client.query(**self._request(run, selection, limit))
        now = self.now()
        placed = all_parsed(partial(_placed, now), response["Items"], "conversation_id")
        run.read.extend(match for match in placed if match.document)
        last = response.get("LastEvaluatedKey")
        run.is_ended = last is None
        run.reached = "" if last is None else last["position"]["S"]

    def _request(self, run: Run, selection: Selection, limit: int) -> dict[str, Any]:
        request: dict[str, Any] = {
            "TableName": self.table,
            "IndexName": run.partition.index,
            "KeyConditionExpression": (
                "#partition = :partition AND #position BETWEEN :first AND :last"
            ),
            "ExpressionAttributeNames": {
                "#partition": run.partition.attribute,
                "#position": "position",
                "#document": "document",
                "#ttl": "ttl",
            },
            "ExpressionAttributeValues": {
                ":partition": text(run.partition.key),
                ":first": text(selection.first_position()),
                ":last": text(_just_below(run.reached)),
            },
            "ProjectionExpression": "conversation_id, #position, #document, #ttl",
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if selection.topic is not None and selection.sentiment is not None:
            request["FilterExpression"] = "#kind = :kind"
            request["ExpressionAttributeNames"]["#kind"] = "kind"
            request["ExpressionAttributeValues"][":kind"] = text(selection.sentiment)
        return request


def _placed(now: datetime, item: Item) -> Placed:
    """Return a document and its position. The document of an expired insight is empty."""
    return Placed(item["position"]["S"], "" if has_expired(item, now) else valid_document(item))


def _rounds(
    runs: list[Run], placed: list[Placed], wanted: int, selection: Selection
) -> Iterator[tuple[int, list[Run]]]:
    """Yield how many items to read of which runs, until the page is full or a limit is reached."""
    budget = MAX_READ
    for turn in range(MAX_READ_ROUNDS):
        head = max((run.read[0].position for run in runs if run.read), default="")
        blocking = [run for run in runs if run.is_blocking and run.reached > head]
        if len(placed) >= wanted or not blocking:
            return
        active = sum(not run.is_ended for run in runs)
        missing = wanted - len(placed)
        if _is_filtered(selection):
            missing *= len(Sentiment) * 2**turn
        share = min(_read_size(missing / active), budget // len(blocking))
        if not share:
            return
        budget -= share * len(blocking)
        yield share, blocking


def _read_size(mean: float) -> int:
    """Return a number of items that is enough for most partitions, given the mean of all.

    Ids are spread over the partitions at random, so the standard deviation of a partition's share
    is about the square root of the mean.
    """
    return math.ceil(mean + 1.5 * math.sqrt(mean)) + 1


def _is_filtered(selection: Selection) -> bool:
    """Return whether an index by topic is read that contains items which do not match."""
    return selection.topic is not None and selection.sentiment is not None


def _merged(runs: list[Run], wanted: int) -> list[Placed]:
    """Return the next matches of all runs, as far as no unread item can be between them."""
    merged: list[Placed] = []
    while len(merged) < wanted:
        best = max((run for run in runs if run.read), key=_head, default=None)
        if best is None or _head(best) < _floor(runs):
            break
        merged.append(best.read.popleft())
    return merged


def _head(run: Run) -> str:
    return run.read[0].position


def _floor(runs: list[Run]) -> str:
    """Return the position down to which all runs were read; empty if no run must be read."""
    return max((run.reached for run in runs if run.is_blocking), default="")


def _just_below(position: str) -> str:
    """Return a text that is less than a position, and not less than any position before it.

    DynamoDB allows one condition on the sort key, and BETWEEN includes its ends. Positions have
    the same length and end in ASCII, so no position is between this text and the given one.
    """
    return position[:-1] + chr(ord(position[-1]) - 1)
