"""Read units of DynamoDB, reckoned from what queries went through, as AWS does it.

The bytes of all items that a query read, not only of those that passed its filter, rounded up to
4 KB; half a unit each for an eventually consistent read.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from typing import Any, Final

UNIT_BYTES: Final = 4_096


@dataclass
class Meter:
    """Keeps the answers of one request, and reckons afterwards, when no time is measured."""

    sizes: dict[str, int]
    """Bytes of each insight, by its id."""
    queried: list[dict[str, Any]] = field(default_factory=list)
    got: list[dict[str, Any]] = field(default_factory=list)

    def on_query(self, parsed: dict[str, Any], **_: Any) -> None:
        """Keep the answer to a query."""
        self.queried.append(parsed)

    def on_get(self, parsed: dict[str, Any], **_: Any) -> None:
        """Keep the answer to the read of one item."""
        self.got.append(parsed)

    def clear(self) -> None:
        """Begin a new request."""
        self.queried.clear()
        self.got.clear()

    def units(self) -> float:
        """Read units of the request."""
        mean = statistics.fmean(self.sizes.values())
        queries = sum(_half_units(self._bytes(parsed, mean)) for parsed in self.queried)
        items = (self._size(parsed["Item"]) if "Item" in parsed else 1 for parsed in self.got)
        return queries + sum(map(_half_units, items))

    def _bytes(self, parsed: dict[str, Any], mean: float) -> float:
        """What a query went through: what passed its filter, and what did not."""
        passed: list[int] = [self._size(item) for item in parsed["Items"]]
        stopped: int = parsed["ScannedCount"] - len(passed)
        return sum(passed) + stopped * mean

    def _size(self, item: dict[str, Any]) -> int:
        if "document" in item:
            # Only what the route asks for comes back; a query reads the whole item all the same.
            return self.sizes[json.loads(item["document"]["S"])["id"]]
        return item_bytes(item)


def _half_units(size: float) -> float:
    return max(1, -(-size // UNIT_BYTES)) / 2


def item_bytes(item: dict[str, Any]) -> int:
    """Bytes of an item as DynamoDB bills them: names and values.

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
