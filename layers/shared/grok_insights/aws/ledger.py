"""The one place where insights become visible: each in one transaction with its counters.

The condition on the insight makes counting exact. A client request token would not: it lasts ten
minutes, and SQS redelivers for days.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zlib import crc32

from grok_insights.aws import concurrent
from grok_insights.aws.dynamodb.attributes import Item, text
from grok_insights.aws.dynamodb.items import parsed_or_none
from grok_insights.aws.dynamodb.transactions import MAX_ACTIONS, Transactions, Written
from grok_insights.aws.insights import versions
from grok_insights.aws.insights.item import Counted, counted_of, insight_to_item, is_mark
from grok_insights.domain import rework, trends
from grok_insights.domain.events import Reason
from grok_insights.domain.insight import Cost, Failure, Insight, tally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from grok_insights.aws.insights.table import Insights
    from grok_insights.aws.insights.versions import Versions
    from grok_insights.aws.state.job_outcomes import JobOutcomes
    from grok_insights.aws.trends import Trends
    from grok_insights.domain.conversation import Lifetime

UNSTORABLE: Final = Failure(
    "unstorable", "the analysis holds something that cannot be stored", gave_up=True
)
"""The outcome of a conversation whose insight DynamoDB never accepts. It gets a dead letter too."""

MAX_WRITES: Final = 5
"""How often an entry is written if another item was stored in its place each time."""


@dataclass(frozen=True, slots=True)
class Rework:
    """The replacement of an insight by a job.

    ``document`` is kept as a version. Unless ``is_first``, the job has counted an outcome of the
    conversation before, and counts no other one.
    """

    job_id: str
    reason: Reason
    document: str
    is_first: bool = True

    def counts(self, insight: Insight) -> Counter[str]:
        """Return what the replacement adds to the counts of its job."""
        return rework.counts(json.loads(self.document), insight.as_json())

    def attributes(self) -> dict[str, Any]:
        """Return the attributes by which the new insight shows what replaced the old one."""
        return {"job_id": text(self.job_id), "reason": text(self.reason)}


@dataclass(frozen=True, slots=True)
class Entry:
    """An insight to be saved.

    ``lifetime`` is that of its conversation. ``replaces`` is the stored insight that it replaces: a
    failed one whose dead letter was redriven, one of an earlier conversation, or the one that
    ``rework`` replaces.
    """

    insight: Insight
    lifetime: Lifetime
    replaces: Counted | None = None
    rework: Rework | None = None

    def item(self, shards: int) -> dict[str, Any]:
        """Return the item to write."""
        revision = 1 if self.replaces is None else self.replaces.revision + 1
        item = insight_to_item(self.insight, shards, self.lifetime, revision=revision)
        return item if self.rework is None else item | self.rework.attributes()

    @property
    def actions(self) -> int:
        """How many actions of a transaction it needs besides those of its counters."""
        if self.rework is None or self.replaces is None:
            return 1
        return 1 + self.rework.is_first + versions.actions(self.replaces)

    def counter_keys(self) -> set[trends.Key]:
        """Return what names the counters that it changes, with those of its job."""
        job = {trends.Key("job", self.rework.job_id)} if self.rework else set()
        return {*self.counters(shard=0), *job}

    def counters(self, shard: int) -> trends.Counters:
        """Return what saving this entry adds to the counters and subtracts from them."""
        added = trends.counters(tally(self.insight, self.lifetime.expires_at), shard)
        if self.replaces is None:
            return added
        return trends.total([added, trends.counters(self.replaces.tally, shard, sign=-1)])


@dataclass(frozen=True, slots=True)
class SaveResult:
    """The result of saving entries.

    Attributes
    ----------
    saved : dict[str, Insight]
        The insights that this call stored and counted, by conversation. If DynamoDB never accepts
        an insight, a failed one with the code ``unstorable`` was stored instead.
    refused : dict[str, Insight]
        The insights that were not stored because their conversations already have one, or were
        erased or replaced, by conversation. Nothing is left to save for them.
    unreadable : set[str]
        Conversations whose stored insight is damaged. Nothing but their message is left.
    unstorable : set[str]
        Conversations whose insight a job would replace by one that DynamoDB never accepts. They
        keep the one that they have.
    unsaved : list[Entry]
        Entries that were not stored and not counted, for a temporary reason. Saving them again is
        safe, even if the request did succeed.
    """

    saved: dict[str, Insight] = field(default_factory=dict)
    refused: dict[str, Insight] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    unstorable: set[str] = field(default_factory=set)
    unsaved: list[Entry] = field(default_factory=list)

    @property
    def superseded(self) -> set[str]:
        """The conversations of the refused insights."""
        return set(self.refused)


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
    versions: Versions
    jobs: JobOutcomes

    def save(self, entries: Sequence[Entry]) -> SaveResult:
        """Save all entries that can be saved, and return the result of each.

        Errors of AWS are logged, and their entries are in ``unsaved``. The conversations of the
        entries must differ. Concurrent transactions write to different counter shards, so that
        they do not conflict. Transactions on the same shard are written one after another.
        """
        result = SaveResult()
        rest = list(entries)
        for _ in range(MAX_WRITES):
            if not rest:
                break
            by_shard = self._by_shard(rest)
            rest = []
            for pairs in concurrent.each(self._write_all, by_shard):
                for run, written in pairs:
                    rest += _record(run, written, result)
        result.unsaved.extend(rest)
        return result

    def _by_shard(self, entries: list[Entry]) -> list[list[_Run]]:
        """Return the transactions to write, grouped by shard.

        The first shard depends on an id, so that concurrent functions use different shards.
        """
        shards = self.trends.shards
        first = crc32(entries[0].insight.conversation_id.encode())
        runs = [
            _Run(run, (first + index) % shards)
            for index, run in enumerate(_entries_by_transaction(entries))
        ]
        return [runs[start::shards] for start in range(min(shards, len(runs)))]

    def _write_all(self, runs: list[_Run]) -> list[tuple[_Run, Written[Entry]]]:
        return [(run, self._write(run)) for run in runs]

    def _write(self, run: _Run) -> Written[Entry]:
        return self.transactions.write(
            run.entries, self._actions, lambda rest: self._counts(rest, run.shard)
        )

    def _actions(self, entry: Entry) -> list[TransactWriteItemTypeDef]:
        item = entry.item(self.insights.shards)
        actions: list[TransactWriteItemTypeDef] = [{"Put": self.insights.put(item, entry.replaces)}]
        if entry.rework is None or entry.replaces is None:
            return actions
        if entry.rework.is_first:
            identity = entry.insight.conversation_id
            actions.append(self.jobs.replacement(entry.rework.job_id, identity))
        return actions + self.versions.keep(entry.replaces, entry.rework.document)

    def _counts(self, run: Sequence[Entry], shard: int) -> list[TransactWriteItemTypeDef]:
        counters = trends.total(entry.counters(shard) for entry in run)
        updates: list[TransactWriteItemTypeDef] = [
            {"Update": update} for update in self.trends.updates(counters)
        ]
        return updates + self._job_updates(run, shard)

    def _job_updates(self, run: Sequence[Entry], shard: int) -> list[TransactWriteItemTypeDef]:
        counts: dict[str, Counter[str]] = {}
        for entry in run:
            if entry.rework is not None and entry.rework.is_first:
                earlier = counts.get(entry.rework.job_id, Counter())
                counts[entry.rework.job_id] = earlier + entry.rework.counts(entry.insight)
        return [
            {"Update": self.jobs.addition(job_id, shard, added)} for job_id, added in counts.items()
        ]


def _record(run: _Run, written: Written[Entry], result: SaveResult) -> list[Entry]:
    """Add a transaction's entries to the result, and return those to write again."""
    refused = [refusal.entry for refusal in written.refusals]
    others = {id(entry) for entry in (*refused, *written.invalid, *written.failed)}
    saved = [entry.insight for entry in run.entries if id(entry) not in others]
    result.saved.update({insight.conversation_id: insight for insight in saved})
    result.unsaved.extend(written.failed)
    retries = [_after_refusal(refusal.entry, refusal.item, result) for refusal in written.refusals]
    retries += [_after_invalid(entry, result) for entry in written.invalid]
    return [entry for entry in retries if entry is not None]


def _after_refusal(entry: Entry, item: Item, result: SaveResult) -> Entry | None:
    """Return the entry adapted to the stored item, or None if nothing is to be saved.

    The stored item may have changed since it was read: an insight of an earlier conversation may
    have been saved, or DynamoDB may have deleted it after it expired.
    """
    identity = entry.insight.conversation_id
    if entry.rework is not None:
        result.refused[identity] = entry.insight
        return None
    if not item:
        return replace(entry, replaces=None)
    generation = parsed_or_none(_stored_generation, item, "conversation_id")
    if generation is None:
        result.unreadable.add(identity)
    elif generation >= entry.lifetime.generation:
        result.refused[identity] = entry.insight
    elif is_mark(item):
        return replace(entry, replaces=None)
    else:
        existing = parsed_or_none(counted_of, item, "conversation_id")
        if existing is not None:
            return replace(entry, replaces=existing)
        result.unreadable.add(identity)
    return None


def _stored_generation(item: Item) -> int:
    return int(item["erased" if is_mark(item) else "generation"]["N"])


def _after_invalid(entry: Entry, result: SaveResult) -> Entry | None:
    """Return the entry with a failed insight; None if DynamoDB did not accept that either."""
    if entry.rework is not None:
        result.unstorable.add(entry.insight.conversation_id)
        return None
    if entry.insight.outcome == UNSTORABLE:
        result.unsaved.append(entry)
        return None
    return replace(entry, insight=_unstorable(entry.insight))


def _unstorable(insight: Insight) -> Insight:
    """Return the failed insight in place of one that DynamoDB never accepts.

    It contains no text of Grok.
    """
    origin = replace(insight.origin, model="unknown", latency_seconds=0.0)
    return replace(insight, outcome=UNSTORABLE, cost=Cost(), origin=origin, processing_time_ms=0)


def _entries_by_transaction(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Yield groups of entries whose actions fit into one transaction.

    The entry that needs the fewest further counters comes next, because a transaction pays for each
    of its counters once, however many of its entries change it.
    """
    remaining = [(entry, entry.counter_keys()) for entry in entries]
    while remaining:
        run: list[Entry] = []
        actions = 0
        keys: set[trends.Key] = set()
        while remaining:
            nearest = min(range(len(remaining)), key=lambda at: len(remaining[at][1] - keys))
            entry, more = remaining[nearest][0], keys | remaining[nearest][1]
            if run and actions + entry.actions + len(more) > MAX_ACTIONS:
                break
            run.append(entry)
            remaining.pop(nearest)
            actions, keys = actions + entry.actions, more
        yield run
