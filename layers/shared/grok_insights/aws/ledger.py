"""The one place where insights become visible: each in one transaction with its counters.

The condition on the insight makes counting exact. A client request token would not: it lasts ten
minutes, and SQS redelivers for days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.aws import concurrent
from grok_insights.aws.dynamodb.transactions import MAX_ACTIONS, Transactions
from grok_insights.aws.insights.table import NEVER
from grok_insights.domain import trends
from grok_insights.domain.insight import Insight, Tally, tally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from grok_insights.aws.insights.table import Insights
    from grok_insights.aws.trends import Trends


@dataclass(frozen=True, slots=True)
class Entry:
    """An insight to be saved, and what the failed insight that it replaces had counted."""

    insight: Insight
    replaces: Tally | None = None
    accepted_at: datetime = NEVER
    """When the conversation was accepted: tells it from one that was erased under the same id."""

    def counters(self, shard: int) -> trends.Counters:
        """What saving this entry adds to the counters, and takes out of them."""
        added = trends.counters(tally(self.insight), shard)
        if self.replaces is None:
            return added
        return trends.total([added, trends.counters(self.replaces, shard, sign=-1)])


@dataclass(frozen=True, slots=True)
class Ledger:
    """Saves insights and counters together."""

    transactions: Transactions
    insights: Insights
    trends: Trends

    def save(self, entries: Sequence[Entry]) -> set[str]:
        """Save all entries and return the ids of those that were new.

        The others had been saved by somebody else in the meantime, and count once all the same.
        Each transaction writes to a counter shard of its own, so that they do not collide.

        Raises
        ------
        ClientError, TimeoutError
            A transaction failed for good; its entries are not saved, and neither are their counts.
        """
        runs = list(_transactions(entries))
        shards = self.trends.shards
        numbered = [(run, index % shards) for index, run in enumerate(runs, start=_offset(runs))]
        refused = concurrent.each(lambda run: self._save_run(*run), numbered)
        return {entry.insight.conversation_id for entry in entries} - set().union(*refused)

    def _save_run(self, run: list[Entry], shard: int) -> set[str]:
        refusals = self.transactions.write(run, lambda rest: self._actions(rest, shard))
        return {refusal.entry.insight.conversation_id for refusal in refusals}

    def _actions(self, run: Sequence[Entry], shard: int) -> list[TransactWriteItemTypeDef]:
        counters = trends.total(entry.counters(shard) for entry in run)
        puts: list[TransactWriteItemTypeDef] = [
            {"Put": self.insights.put(entry.insight, entry.replaces, entry.accepted_at)}
            for entry in run
        ]
        updates: list[TransactWriteItemTypeDef] = [
            {"Update": update} for update in self.trends.updates(counters)
        ]
        return puts + updates


def _offset(runs: list[list[Entry]]) -> int:
    """Where the shards begin to be dealt out: by an id, so that functions side by side differ."""
    return int(runs[0][0].insight.conversation_id[:8], 16) if runs else 0


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
