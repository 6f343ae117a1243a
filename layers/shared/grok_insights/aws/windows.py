"""Reads the counters of the windows of alert rules from the Trends table, by their keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from grok_insights.aws.concurrent import chunks
from grok_insights.aws.dynamodb.attributes import Item, numbers_of, text
from grok_insights.aws.dynamodb.batch_get import MAX_KEYS, BatchGet
from grok_insights.aws.dynamodb.items import all_parsed
from grok_insights.domain.alert_rules import AlertRule
from grok_insights.domain.alerts import Counted
from grok_insights.domain.trends import Counters, Key


@dataclass(frozen=True, slots=True)
class Windows:
    """The table, whose partitions are split into ``shards``."""

    batch_get: BatchGet
    table: str
    shards: int

    def counted(self, rules: Sequence[AlertRule], now: datetime) -> dict[str, Counted]:
        """Return the counts of each rule's present window and of the one before, by its name.

        A rule costs at most four items for each shard, and rules share the items of the totals.

        Raises
        ------
        ClientError, BotoCoreError, TimeoutError
            The counters could not be read.
        """
        wanted = {
            key
            for rule in rules
            for start in rule.starts(now)
            for key in rule.keys(start, self.shards)
        }
        counters = self._read(sorted(wanted))
        return {
            rule.name: Counted(
                *(rule.count_in(start, self.shards, counters) for start in rule.starts(now))
            )
            for rule in rules
        }

    def _read(self, keys: Iterable[Key]) -> Counters:
        found: Counters = {}
        for run in chunks(keys, MAX_KEYS):
            wanted = [{"bucket": text(key.bucket), "slot": text(key.slot)} for key in run]
            items = self.batch_get({self.table: {"Keys": wanted}}, consistent=False)[self.table]
            found.update(all_parsed(_counter, items, "bucket"))
        return found


def _counter(item: Item) -> tuple[Key, Counter[str]]:
    return Key(item["bucket"]["S"], item["slot"]["S"]), numbers_of(item)
