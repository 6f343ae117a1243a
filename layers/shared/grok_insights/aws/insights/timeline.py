"""Insights in the order of time, read through the most selective index, a page at a time.

Each index is split into partitions, and a page is merged from all that may hold a match. Every
partition is asked for about its share of the page, and again only where that was not enough. So
what a page costs grows with the page and not with the table, and no page reads more than
`MAX_READ` items: where a filter lets little through, a page is short, and its end says where to go
on.
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
"""Items read for one page, at the most: about a tenth of a second, and 100 read units."""

MAX_ROUNDS: Final = 8
"""Times that partitions are asked for one page, at the most."""


class Placed(NamedTuple):
    """A document and its place in the order of time."""

    position: str
    document: str


class Stretch(NamedTuple):
    """Matches in a row, newest first, and the position to go on before; None at the end of all."""

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
    """What was read of one partition so far."""

    partition: Partition
    reached: str
    """Everything at or above this position has been read."""
    read: deque[Placed] = field(default_factory=deque)
    is_ended: bool = False

    @property
    def is_blocking(self) -> bool:
        """Whether it is not known what comes next here."""
        return not self.read and not self.is_ended


@dataclass(frozen=True, slots=True)
class Timeline:
    """The indexes of the Insights table, whose partitions are split into ``shards``."""

    client: DynamoDBClient
    table: str
    shards: int
    now: Callable[[], datetime]

    def page(self, selection: Selection, *, before: str | None, limit: int) -> Stretch:
        """At most ``limit`` matches before a position (or the newest), newest first."""
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
        """Read on in a partition, ``limit`` items at the most."""
        answer = self.client.query(**self._request(run, selection, limit))
        now = self.now()
        placed = all_parsed(partial(_placed, now), answer["Items"], "conversation_id")
        run.read.extend(one for one in placed if one.document)
        last = answer.get("LastEvaluatedKey")
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
    """A document and its place; no document where the time of the insight is over."""
    return Placed(item["position"]["S"], "" if has_expired(item, now) else valid_document(item))


def _rounds(
    runs: list[Run], placed: list[Placed], wanted: int, selection: Selection
) -> Iterator[tuple[int, list[Run]]]:
    """How many items to read of which runs next, until the page is full or cost too much."""
    left = MAX_READ
    for turn in range(MAX_ROUNDS):
        head = max((run.read[0].position for run in runs if run.read), default="")
        blocking = [run for run in runs if run.is_blocking and run.reached > head]
        if len(placed) >= wanted or not blocking:
            return
        active = sum(not run.is_ended for run in runs)
        missing = wanted - len(placed)
        if _is_filtered(selection):
            missing *= len(Sentiment) * 2**turn
        share = _share(missing / active)
        share = min(share, left // len(blocking))
        if not share:
            return
        left -= share * len(blocking)
        yield share, blocking


def _share(mean: float) -> int:
    """Enough for most partitions, when the share of each is that much in the mean.

    Ids fall into partitions by chance, so a partition's share scatters by its square root.
    """
    return math.ceil(mean + 1.5 * math.sqrt(mean)) + 1


def _is_filtered(selection: Selection) -> bool:
    """Whether an index by topic holds more than the matches."""
    return selection.topic is not None and selection.sentiment is not None


def _merged(runs: list[Run], wanted: int) -> list[Placed]:
    """The next matches of all runs, as far as it is known that nothing lies between them."""
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
    """The position down to which all runs were read; empty where all have ended."""
    return max((run.reached for run in runs if run.is_blocking), default="")


def _just_below(position: str) -> str:
    """The highest text that the position of another item before this one can have.

    DynamoDB allows one condition on the sort key, and BETWEEN includes its ends. Positions are
    equally long and end in ASCII, so that nothing lies between this text and the position.
    """
    return position[:-1] + chr(ord(position[-1]) - 1)
