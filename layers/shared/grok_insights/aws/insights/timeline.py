"""Reads insights in the order of time from the most selective index, one page at a time.

Each index is split into partitions. A page is merged from all partitions that may contain matches.
About the same share of the page is read from each partition, and more only if that was not enough.
So the cost of a page depends on the size of the page and not of the table. No page reads more than
`MAX_READ` entries. If few entries match a filter, the page is short, and it contains the position
at which the next page starts. The documents are then read from the table.
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
from grok_insights.aws.dynamodb.sizes import UNIT_BYTES
from grok_insights.aws.insights.documents import IndexEntry, Placed
from grok_insights.domain.insight import MAX_TOPICS, Sentiment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from grok_insights.aws.insights.documents import Documents
    from grok_insights.domain.selection import Selection

MAX_READ: Final = 600
"""The largest number of index entries read for one page: about 0.1 seconds, and 40 read units."""

MAX_READ_ROUNDS: Final = 8
"""The largest number of rounds of concurrent reads for one page."""


class Stretch(NamedTuple):
    """Consecutive matches, newest first. The next page starts before ``rest``; None at the end."""

    placed: list[Placed]
    rest: str | None


ENTRY_BYTES: Final = 170
"""The size of an entry of ``by_time`` or a topic's index, without its partition key, of an insight
with five topics, five fields and a segment."""

KIND_ENTRY_BYTES: Final = 480
"""The size of an entry of ``by_kind``, which contains what a recount needs too."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of an index."""

    index: str
    attribute: str
    key: str

    @property
    def entries_in_unit(self) -> int:
        """How many entries one query can read at the smallest price, half a read unit."""
        if self.index == "by_kind":
            return UNIT_BYTES // KIND_ENTRY_BYTES
        return UNIT_BYTES // (ENTRY_BYTES + len((self.attribute + self.key).encode()))


@dataclass(slots=True)
class Run:
    """The items of one partition that were read and not merged yet."""

    partition: Partition
    reached: str
    """All items at or above this position have been read."""
    read: deque[IndexEntry] = field(default_factory=deque)
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
    documents: Documents
    now: Callable[[], datetime]

    def page(self, selection: Selection, *, before: str | None, limit: int) -> Stretch:
        """Return at most ``limit`` matches before a position, newest first; None is the newest."""
        end = min(before or selection.end_position(), selection.end_position())
        if selection.is_contradiction or selection.first_position() >= end:
            return Stretch([], None)
        if selection.conversation_id is not None:
            return Stretch(self.documents.of(selection.conversation_id, selection), None)
        runs = [Run(partition, reached=end) for partition in self._partitions(selection)]
        found: list[IndexEntry] = []
        for share, blocking in _rounds(runs, found, limit + 1, selection):
            concurrent.each(partial(self._read, selection, share), blocking)
            merge(runs, found, limit + 1)
        page, rest = found[:limit], _floor(runs) or None
        if len(found) > limit:
            rest = page[-1].position
        return Stretch(self.documents.read(page, selection), rest)

    def _partitions(self, selection: Selection) -> Iterable[Partition]:
        for shard in range(self.shards):
            if selection.topic is not None:
                for place in range(1, MAX_TOPICS + 1):
                    name = f"topic_{place}"
                    yield Partition(f"by_{name}", name, f"{selection.topic}#{shard}")
            elif selection.sentiment is not None or (selection.status and not selection.labels):
                for kind in selection.kinds:
                    yield Partition("by_kind", "kind_shard", f"{kind}#{shard}")
            else:
                yield Partition("by_time", "time_shard", str(shard))

    def _read(self, selection: Selection, limit: int, run: Run) -> None:
        """Read the next items of a partition, at most ``limit``."""
        response = self.client.query(**self._request(run, selection, limit))
        now = self.now()
        run.read.extend(all_parsed(partial(_entry, now), response["Items"], "conversation_id"))
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
                "#kind": "kind",
                "#tags": "tags",
                "#ttl": "ttl",
            },
            "ExpressionAttributeValues": {
                ":partition": text(run.partition.key),
                ":first": text(selection.first_position()),
                ":last": text(_just_below(run.reached)),
            },
            "ProjectionExpression": "conversation_id, #position, #kind, #tags, #ttl",
            "ScanIndexForward": False,
            "Limit": limit,
        }
        clauses = _clauses(selection)
        if clauses:
            request["FilterExpression"] = " AND ".join(clause for clause, _ in clauses.values())
            for name, (_, value) in clauses.items():
                request["ExpressionAttributeValues"][name] = text(value)
        return request


def _clauses(selection: Selection) -> dict[str, tuple[str, str]]:
    """Return what a filter must check besides the partition key: a clause and its value, by name.

    Another label can have the code of a wanted one, so the documents are checked again.
    """
    clauses = {
        f":tag{place}": (f"contains(#tags, :tag{place})", label.tag)
        for place, label in enumerate(selection.labels)
    }
    if selection.topic is not None and selection.sentiment is not None:
        clauses[":kind"] = ("#kind = :kind", str(selection.sentiment))
    return clauses


def _entry(now: datetime, item: Item) -> IndexEntry | None:
    """Return an index entry; None if the insight has expired."""
    if has_expired(item, now):
        return None
    return IndexEntry(
        item["position"]["S"],
        item["conversation_id"]["S"],
        item["kind"]["S"],
        item["tags"]["S"],
    )


def _rounds(
    runs: list[Run], found: list[IndexEntry], wanted: int, selection: Selection
) -> Iterator[tuple[int, list[Run]]]:
    """Yield how many items to read of which runs, until the page is full or a limit is reached."""
    budget = MAX_READ
    for turn in range(MAX_READ_ROUNDS):
        head = max((run.read[0].position for run in runs if run.read), default="")
        blocking = [run for run in runs if run.is_blocking and run.reached > head]
        if len(found) >= wanted or not blocking:
            return
        active = sum(not run.is_ended for run in runs)
        missing = wanted - len(found)
        if _clauses(selection):
            missing *= len(Sentiment) * 2**turn
        free = min(missing, blocking[0].partition.entries_in_unit)
        share = min(max(_read_size(missing / active), free), budget // len(blocking))
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


def merge(runs: list[Run], found: list[IndexEntry], wanted: int) -> None:
    """Move the next entries of all runs to those found, as far as no unread one can be between.

    An insight that was replaced between two reads can be in two partitions. It is found once.
    """
    while len(found) < wanted:
        best = max((run for run in runs if run.read), key=_head, default=None)
        if best is None or _head(best) < _floor(runs):
            return
        entry = best.read.popleft()
        if not found or found[-1].position != entry.position:
            found.append(entry)


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
