"""Read units of DynamoDB, reckoned from what queries went through, as AWS does it.

The bytes of all items that a query read, not only of those that passed its filter, rounded up to
4 KB; half a unit each for an eventually consistent read.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

UNIT_BYTES: Final = 4_096


@dataclass
class Meter:
    """Read units of the calls of one request."""

    sizes: dict[str, int]
    """Bytes of each insight, by its id."""
    units: float = 0
    items: int = 0
    lock: Lock = field(default_factory=Lock)

    def queried(self, parsed: dict[str, Any], **_: Any) -> None:
        """Count a query, by what it went through and not by what passed its filter."""
        known = [self._size(item) for item in parsed["Items"]]
        unseen = parsed["ScannedCount"] - len(known)
        total = sum(known) + unseen * statistics.fmean(self.sizes.values())
        self._add(max(1, -(-total // UNIT_BYTES)) / 2, parsed["ScannedCount"])

    def got(self, parsed: dict[str, Any], **_: Any) -> None:
        """Count the read of one item."""
        size = self._size(parsed["Item"]) if "Item" in parsed else 1
        self._add(-(-size // UNIT_BYTES) / 2, 1)

    def _add(self, units: float, items: int) -> None:
        with self.lock:
            self.units += units
            self.items += items

    def _size(self, item: dict[str, Any]) -> int:
        if "document" in item:
            # Only what the route asks for comes back; a query reads the whole item all the same.
            return self.sizes[json.loads(item["document"]["S"])["id"]]
        return item_bytes(item)


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
