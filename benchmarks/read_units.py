"""Read units of DynamoDB, computed as AWS does it from the data that requests read.

A query is charged for all entries that it reads, not only for those that pass its filter. Their
size is that of the attributes that the index contains, and the sum is rounded up to 4 KB. A read of
items by their keys rounds up each of them. An eventually consistent read costs half a unit.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grok_insights.aws.dynamodb.sizes import UNIT_BYTES, item_bytes
from tests.template import resources

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = Mapping[str, Any]


def index_attributes() -> dict[str, frozenset[str]]:
    """Return the attributes of an entry of each index of the Insights table."""
    table = resources("AWS::DynamoDB::Table")["InsightsTable"]
    return {
        index["IndexName"]: frozenset(
            {
                *(key["AttributeName"] for key in (*table["KeySchema"], *index["KeySchema"])),
                *index["Projection"]["NonKeyAttributes"],
            }
        )
        for index in table["GlobalSecondaryIndexes"]
    }


def index_entries(item: Item) -> dict[str, Item]:
    """Return the entry of an insight in each index that contains it."""
    table = resources("AWS::DynamoDB::Table")["InsightsTable"]
    keys = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in table["GlobalSecondaryIndexes"]
    }
    return {
        name: {key: value for key, value in item.items() if key in attributes}
        for name, attributes in index_attributes().items()
        if all(key in item for key in keys[name])
    }


@dataclass
class Meter:
    """Keep the responses of one request, and compute the units later, when no time is measured."""

    items: dict[str, Item]
    """Each insight by its id."""
    queried: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """The index of each query, and the response."""
    got: list[tuple[bool, list[Item | None]]] = field(default_factory=list)
    """Whether each read by keys is consistent, and its items."""

    def attach(self, client: DynamoDBClient) -> None:
        """Keep the responses that a client gets from now on."""
        events = client.meta.events
        events.register("before-parameter-build.dynamodb", _keep_parameters)
        events.register("after-call.dynamodb.Query", self._on_query)
        events.register("after-call.dynamodb.GetItem", self._on_get)
        events.register("after-call.dynamodb.BatchGetItem", self._on_batch_get)

    def _on_query(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        self.queried.append((context["asked"].get("IndexName", ""), parsed))

    def _on_get(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        consistent = context["asked"].get("ConsistentRead", False)
        self.got.append((consistent, [parsed.get("Item")]))

    def _on_batch_get(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        for table, request in context["asked"]["RequestItems"].items():
            found = parsed["Responses"].get(table, [])
            missing = [None] * (len(request["Keys"]) - len(found))
            self.got.append((request.get("ConsistentRead", False), [*found, *missing]))

    def clear(self) -> None:
        """Start a new request."""
        self.queried.clear()
        self.got.clear()

    def units(self) -> float:
        """Return the read units of the request."""
        queries = sum(_units(self._bytes(*query)) / 2 for query in self.queried)
        reads = sum(
            _units(self._size(item)) / (1 if consistent else 2)
            for consistent, items in self.got
            for item in items
        )
        return queries + reads

    def _bytes(self, index: str, parsed: dict[str, Any]) -> float:
        """Return the bytes that a query read, with the entries that did not pass its filter."""
        if not index:
            return sum(map(item_bytes, parsed["Items"]))
        passed = [
            item_bytes(index_entries(self.items[item["conversation_id"]["S"]])[index])
            for item in parsed["Items"]
        ]
        stopped = parsed["ScannedCount"] - len(passed)
        return sum(passed) + (stopped * self._mean(index) if stopped else 0)

    def _mean(self, index: str) -> float:
        """Return the mean size of the entries of an index."""
        entries = (index_entries(item).get(index) for item in list(self.items.values())[:1_000])
        return statistics.fmean(item_bytes(entry) for entry in entries if entry)

    def _size(self, item: Item | None) -> int:
        """Return the size of a whole item, of which the response may have some attributes only."""
        if item is None:
            return 0
        known = self.items.get(item.get("conversation_id", {}).get("S", ""))
        return item_bytes(item if known is None else known)


def _keep_parameters(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["asked"] = params


def _units(size: float) -> int:
    """Return the consistent read units of a read of this size in bytes."""
    return max(1, -(-int(size) // UNIT_BYTES))
