"""DynamoDB's attribute values, for the few types that the tables hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, UpdateTypeDef

Item = Mapping[str, Any]
"""An item as it comes back: attribute name to ``{"S": …}`` or ``{"N": …}``."""


def text(value: str) -> AttributeValueTypeDef:
    """A string."""
    return {"S": value}


def number(value: int) -> AttributeValueTypeDef:
    """A whole number."""
    return {"N": str(value)}


def texts(values: Sequence[str]) -> AttributeValueTypeDef:
    """A list of strings."""
    return {"L": [{"S": value} for value in values]}


def text_of(item: Item, name: str) -> str | None:
    """The string under a name, or None where the item has none."""
    value = item.get(name)
    return None if value is None else str(value["S"])


def number_of(item: Item, name: str) -> int:
    """The whole number under a name, 0 where the item has none."""
    value = item.get(name)
    return 0 if value is None else int(value["N"])


def texts_of(item: Item, name: str) -> tuple[str, ...]:
    """The list of strings under a name, empty where the item has none."""
    return tuple(value["S"] for value in item.get(name, {"L": []})["L"])


def numbers_of(item: Item) -> Counter[str]:
    """All whole numbers of an item by name; other attributes are left out."""
    return Counter({name: int(value["N"]) for name, value in item.items() if "N" in value})


def addition(table: str, key: Mapping[str, str], numbers: Mapping[str, int]) -> UpdateTypeDef:
    """The update that adds these numbers to those that an item has, or has not yet."""
    named = list(enumerate(sorted(numbers)))
    return {
        "TableName": table,
        "Key": {name: text(value) for name, value in key.items()},
        "UpdateExpression": "ADD " + ", ".join(f"#f{i} :n{i}" for i, _ in named),
        "ExpressionAttributeNames": {f"#f{i}": name for i, name in named},
        "ExpressionAttributeValues": {f":n{i}": number(numbers[name]) for i, name in named},
    }
