"""The one place where insights become visible: each in one transaction with its counters.

The condition on the insight makes counting exact. A client request token would not: it lasts ten
minutes, and SQS redelivers for days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zlib import crc32

from grok_insights.aws import concurrent
from grok_insights.aws.dynamodb.attributes import Item
from grok_insights.aws.dynamodb.items import parsed_or_none
from grok_insights.aws.dynamodb.transactions import MAX_ACTIONS, Transactions, Written
from grok_insights.aws.insights.item import Counted, counted_of, is_mark, to_item
from grok_insights.domain import trends
from grok_insights.domain.insight import Cost, Failure, Insight, tally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from grok_insights.aws.insights.table import Insights
    from grok_insights.aws.trends import Trends
    from grok_insights.domain.conversation import Lifetime

UNSTORABLE: Final = Failure(
    "unstorable", "the analysis holds something that cannot be stored", gave_up=True
)
"""How a conversation ends whose insight DynamoDB never takes. It is a dead letter as well."""

MAX_ROUNDS: Final = 5
"""Times that an entry is tried whose place was taken by something else each time."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An insight to be saved.

    ``lifetime`` is its conversation's. ``replaces`` is the insight that it takes the place of: a
    failed one whose dead letter was sent round again, or one of an earlier conversation.
    """

    insight: Insight
    lifetime: Lifetime
    replaces: Counted | None = None

    def item(self, shards: int) -> dict[str, Any]:
        """The item that is to be written."""
        revision = 1 if self.replaces is None else self.replaces.revision + 1
        return to_item(self.insight, shards, self.lifetime, revision=revision)

    def counters(self, shard: int) -> trends.Counters:
        """What saving this entry adds to the counters, and takes out of them."""
        added = trends.counters(tally(self.insight), shard)
        if self.replaces is None:
            return added
        return trends.total([added, trends.counters(self.replaces.tally, shard, sign=-1)])


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What became of entries that were to be saved.

    Attributes
    ----------
    saved : dict[str, Insight]
        What this call stored and counted, by conversation. Where DynamoDB never takes an insight,
        a failed one with the code ``unstorable`` was stored in its place.
    superseded : set[str]
        Conversations that have their insight by somebody else, or were erased or replaced: nothing
        is left to do for them.
    unreadable : set[str]
        Conversations in whose insight's place a damaged item stands: only their message is left.
    unsaved : list[Entry]
        Entries that were not stored and not counted, for a reason that may pass. Saving them again
        is safe, whatever became of the request.
    """

    saved: dict[str, Insight] = field(default_factory=dict)
    superseded: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    unsaved: list[Entry] = field(default_factory=list)


class _Run(NamedTuple):
    """Entries of one transaction, and the shard of the counters that it writes to."""

    entries: list[Entry]
    shard: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """Saves insights and counters together."""

    transactions: Transactions
    insights: Insights
    trends: Trends

    def save(self, entries: Sequence[Entry]) -> SaveResult:
        """Save all entries that can be saved, and say what became of each.

        Errors of AWS are logged, and show as ``unsaved``. The entries' conversations must differ.
        Transactions side by side write to counter shards of their own, so that they do not
        collide; those that share a shard are written one after another.
        """
        result = SaveResult()
        rest = list(entries)
        for _ in range(MAX_ROUNDS):
            if not rest:
                break
            by_shard = self._by_shard(rest)
            rest = []
            for pairs in concurrent.each(self._write_all, by_shard):
                for run, written in pairs:
                    rest += _settle(run, written, result)
        result.unsaved.extend(rest)
        return result

    def _by_shard(self, entries: list[Entry]) -> list[list[_Run]]:
        """Return the transactions to be written, those of one shard together.

        The first shard is taken from an id, so that functions side by side differ.
        """
        shards = self.trends.shards
        first = crc32(entries[0].insight.conversation_id.encode())
        runs = [
            _Run(run, (first + index) % shards) for index, run in enumerate(_transactions(entries))
        ]
        return [runs[start::shards] for start in range(min(shards, len(runs)))]

    def _write_all(self, runs: list[_Run]) -> list[tuple[_Run, Written[Entry]]]:
        return [(run, self._write(run)) for run in runs]

    def _write(self, run: _Run) -> Written[Entry]:
        return self.transactions.write(run.entries, lambda rest: self._actions(rest, run.shard))

    def _actions(self, run: Sequence[Entry], shard: int) -> list[TransactWriteItemTypeDef]:
        counters = trends.total(entry.counters(shard) for entry in run)
        puts: list[TransactWriteItemTypeDef] = [
            {"Put": self.insights.put(entry.item(self.insights.shards), entry.replaces)}
            for entry in run
        ]
        updates: list[TransactWriteItemTypeDef] = [
            {"Update": update} for update in self.trends.updates(counters)
        ]
        return puts + updates


def _settle(run: _Run, written: Written[Entry], result: SaveResult) -> list[Entry]:
    """Note what became of a transaction's entries, and return those to be tried anew."""
    refused = [refusal.entry for refusal in written.refusals]
    others = {id(entry) for entry in (*refused, *written.invalid, *written.failed)}
    done = [entry.insight for entry in run.entries if id(entry) not in others]
    result.saved.update({insight.conversation_id: insight for insight in done})
    result.unsaved.extend(written.failed)
    again = [_after_refusal(one.entry, one.item, result) for one in written.refusals]
    again += [_after_invalid(entry, result) for entry in written.invalid]
    return [entry for entry in again if entry is not None]


def _after_refusal(entry: Entry, item: Item, result: SaveResult) -> Entry | None:
    """Return the entry as it fits what stands in its place, or None where nothing is to be saved.

    What stands there may have changed since it was read: an insight of an earlier conversation may
    have been saved, or deleted by DynamoDB when its time was over.
    """
    if not item:
        return replace(entry, replaces=None)
    identity = entry.insight.conversation_id
    generation = parsed_or_none(_generation, item, "conversation_id")
    if generation is None:
        result.unreadable.add(identity)
    elif generation >= entry.lifetime.generation:
        result.superseded.add(identity)
    elif is_mark(item):
        return replace(entry, replaces=None)
    else:
        stands = parsed_or_none(counted_of, item, "conversation_id")
        if stands is not None:
            return replace(entry, replaces=stands)
        result.unreadable.add(identity)
    return None


def _generation(item: Item) -> int:
    return int(item["erased" if is_mark(item) else "generation"]["N"])


def _after_invalid(entry: Entry, result: SaveResult) -> Entry | None:
    """Return the entry with a failed insight; None where that was not taken either."""
    if entry.insight.outcome == UNSTORABLE:
        result.unsaved.append(entry)
        return None
    return replace(entry, insight=_unstorable(entry.insight))


def _unstorable(insight: Insight) -> Insight:
    """Return the failed insight in place of one that DynamoDB never takes: nothing is Grok's."""
    origin = replace(insight.origin, model="unknown", latency_seconds=0.0)
    return replace(insight, outcome=UNSTORABLE, cost=Cost(), origin=origin, processing_time_ms=0)


def _transactions(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Runs of entries whose actions fit into one transaction each."""
    run: list[Entry] = []
    keys: set[trends.Key] = set()
    for entry in entries:
        more = keys | entry.counters(shard=0).keys()
        if run and len(run) + 1 + len(more) > MAX_ACTIONS:
            yield run
            run, more = [], set(entry.counters(shard=0))
        run.append(entry)
        keys = more
    if run:
        yield run
