"""Sizes of items and values as DynamoDB bills them.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

UNIT_BYTES: Final = 4_096
"""The bytes that a query reads for half a read unit, if the read is eventually consistent."""


def item_bytes(item: Mapping[str, Any]) -> int:
    """Return the size of an item or a map in bytes: names and values, in UTF-8."""
    return sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


def value_bytes(value: Mapping[str, Any]) -> int:
    """Return the size of a string, number, list or map in bytes. That of a number is rounded up."""
    [(kind, content)] = value.items()
    match kind:
        case "N":
            return len(content) // 2 + 2
        case "L":
            return 3 + sum(1 + value_bytes(one) for one in content)
        case "M":
            return 3 + len(content) + item_bytes(content)
        case _:
            return len(content.encode())
