"""Compare counters and insights of the model, without calls at which other tasks could run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from grok_insights.aws.dynamodb.attributes import numbers_of
from grok_insights.aws.insights.item import is_mark, tally_of
from grok_insights.domain import trends
from tests.simulation.dynamodb import DynamoDB
from tests.simulation.sent import analysed

Counts = dict[tuple[str, str, str], int]
"""Counts by bucket without its shard, slot and counter."""


class Recount:
    """Compares counters and insights. It reads again only items that have changed."""

    def __init__(self, dynamodb: DynamoDB) -> None:
        self.dynamodb = dynamodb
        self._known: dict[tuple[str, ...], tuple[dict[str, Any], Counts]] = {}

    def difference(self) -> dict[str, int]:
        """Return by how much the counters exceed the recount, by bucket, slot and name."""
        sums: Counter[tuple[str, str, str]] = Counter()
        for key, item in self.dynamodb.tables["trends"].items.items():
            sums.update(self._of(key, item, _counted))
        for item in insights(self.dynamodb):
            sums.subtract(self._of((item["conversation_id"]["S"],), item, _recounted))
        return {" ".join(key): number for key, number in sorted(sums.items()) if number}

    def _of(
        self, key: tuple[str, ...], item: dict[str, Any], read: Callable[[dict[str, Any]], Counts]
    ) -> Counts:
        known, counts = self._known.get(key, ({}, {}))
        if known is not item:
            counts = read(item)
            self._known[key] = item, counts
        return counts


def _counted(item: dict[str, Any]) -> Counts:
    """Return the counters of an item of the Trends table."""
    place = item["bucket"]["S"].rsplit("#", 1)[0], item["slot"]["S"]
    return {(*place, name): number for name, number in numbers_of(item).items()}


def _recounted(item: dict[str, Any]) -> Counts:
    """Return the counters that follow from an insight."""
    return {
        (key.bucket.rsplit("#", 1)[0], key.slot, name): number
        for key, fields in trends.counters(tally_of(item), shard=0).items()
        for name, number in fields.items()
    }


def insights(dynamodb: DynamoDB) -> list[dict[str, Any]]:
    """Return the items of all insights."""
    return [item for item in dynamodb.tables["insights"].items.values() if not is_mark(item)]


def conversations(dynamodb: DynamoDB) -> dict[str, dict[str, Any]]:
    """Return the items of all conversations by id, without the marks of erased ones."""
    found = dynamodb.tables["conversations"].items
    return {key[0]: item for key, item in found.items() if "erased" not in item}


def text_of(conversation: dict[str, Any]) -> str:
    """Return the analysed text of the item of a conversation."""
    if "text" in conversation:
        return str(conversation["text"]["S"])
    return _transcript(conversation["turns"]["S"])


@lru_cache(maxsize=4_096)
def _transcript(turns: str) -> str:
    return analysed({"messages": json.loads(turns)})
