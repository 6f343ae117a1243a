"""Read units of DynamoDB, computed as AWS does it from the data that queries read.

A query is charged for all items that it reads, not only for those that pass its filter. The size is
rounded up to 4 KB. An eventually consistent read costs half a unit.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from typing import Any, Final

UNIT_BYTES: Final = 4_096


@dataclass
class Meter:
    """Keep the responses of one request, and compute the units later, when no time is measured."""

    sizes: dict[str, int]
    """Size of each insight in bytes, by its id."""
    queried: list[dict[str, Any]] = field(default_factory=list)
    got: list[dict[str, Any]] = field(default_factory=list)

    def on_query(self, parsed: dict[str, Any], **_: Any) -> None:
        """Keep the response to a query."""
        self.queried.append(parsed)

    def on_get(self, parsed: dict[str, Any], **_: Any) -> None:
        """Keep the response to a read of one item."""
        self.got.append(parsed)

    def clear(self) -> None:
        """Start a new request."""
        self.queried.clear()
        self.got.clear()

    def units(self) -> float:
        """Return the read units of the request."""
        mean = statistics.fmean(self.sizes.values())
        queries = sum(_half_units(self._bytes(parsed, mean)) for parsed in self.queried)
        items = (self._size(parsed["Item"]) if "Item" in parsed else 1 for parsed in self.got)
        return queries + sum(map(_half_units, items))

    def _bytes(self, parsed: dict[str, Any], mean: float) -> float:
        """Return the bytes that a query read, with the items that did not pass its filter."""
        passed: list[int] = [self._size(item) for item in parsed["Items"]]
        stopped: int = parsed["ScannedCount"] - len(passed)
        return sum(passed) + stopped * mean

    def _size(self, item: dict[str, Any]) -> int:
        if "document" in item:
            # The response has only the requested attributes, but a query reads the whole item.
            return self.sizes[json.loads(item["document"]["S"])["id"]]
        return item_bytes(item)


def _half_units(size: float) -> float:
    return max(1, -(-size // UNIT_BYTES)) / 2


def item_bytes(item: dict[str, Any]) -> int:
    """Return the size of an item as DynamoDB bills it: names and values.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: dict[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "N":
            return len(content) // 2 + 2
        case "L":
            return 3 + sum(1 + _value_bytes(one) for one in content)
        case _:
            return len(content.encode())
