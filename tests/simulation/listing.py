"""What a list must show, and must not show twice, while insights are saved, replaced and erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from grok_insights.aws.insights.item import is_mark, labels_of

if TYPE_CHECKING:
    from tests.simulation.world import World

SETTLED_SECONDS = 1.0
"""Longer than an index is behind the table."""

FILTERS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"sentiment": "negative"},
    {"status": "failed"},
    {"topic": "refund"},
    {"topic": "delivery", "sentiment": "positive"},
    {"field.risk": "high"},
    {"field.resolved": "true", "segment.channel": "client0"},
    {"segment.plan": "other"},
)


class Listing:
    """The insights that exist when a list of pages begins."""

    def __init__(self, world: World, query: Mapping[str, str]) -> None:
        self.world, self.query = world, query
        table = world.dynamodb.tables["insights"]
        settled = world.scheduler.now - SETTLED_SECONDS
        self.items = {
            key[0]: item
            for key, item in table.items.items()
            if self._matches(item) and table.before.get(key, (0.0, None))[0] < settled
        }

    def _matches(self, item: Mapping[str, Any]) -> bool:
        if is_mark(item) or self.world.scheduler.now >= float(item["ttl"]["N"]):
            return False
        traits = {("sentiment", item["kind"]["S"]), ("status", item["status"]["S"])}
        return self.query.items() <= traits | set(labels_of(item))

    def faults(self, seen: Sequence[str]) -> list[str]:
        """Return what is wrong with the ids that all pages showed."""
        stored = self.world.dynamodb.tables["insights"].items
        kept = {name for name, item in self.items.items() if stored.get((name,)) is item}
        missing, doubles = kept - set(seen), {one for one in seen if seen.count(one) > 1}
        faults = [f"a list shows {sorted(doubles)} twice"] if doubles else []
        return faults + ([f"a list does not show {sorted(missing)}"] if missing else [])
