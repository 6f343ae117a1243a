"""Compare counters and insights of the model, without calls at which other tasks could run."""

from __future__ import annotations

from collections import Counter
from typing import Any

from grok_insights.aws.conversation_item import from_item
from grok_insights.aws.dynamodb.attributes import numbers_of
from grok_insights.aws.insights.item import is_mark, tally_of
from grok_insights.domain import trends
from tests.simulation.dynamodb import DynamoDB


def difference(dynamodb: DynamoDB) -> dict[str, int]:
    """Return by how much the counters exceed the recount, by bucket, slot and name."""
    sums: Counter[tuple[str, str, str]] = Counter()
    for item in dynamodb.tables["trends"].items.values():
        bucket = item["bucket"]["S"].rsplit("#", 1)[0]
        for name, number in numbers_of(item).items():
            sums[bucket, item["slot"]["S"], name] += number
    for item in insights(dynamodb):
        for key, fields in trends.counters(tally_of(item), shard=0).items():
            for name, number in fields.items():
                sums[key.bucket.rsplit("#", 1)[0], key.slot, name] -= number
    return {" ".join(key): number for key, number in sorted(sums.items()) if number}


def insights(dynamodb: DynamoDB) -> list[dict[str, Any]]:
    """Return the items of all insights."""
    return [item for item in dynamodb.tables["insights"].items.values() if not is_mark(item)]


def conversations(dynamodb: DynamoDB) -> dict[str, dict[str, Any]]:
    """Return the items of all conversations by id, without the marks of erased ones."""
    found = dynamodb.tables["conversations"].items
    return {key[0]: item for key, item in found.items() if "erased" not in item}


def text_of(conversation: dict[str, Any]) -> str:
    """Return the analysed text of the item of a conversation."""
    return from_item(conversation).text
