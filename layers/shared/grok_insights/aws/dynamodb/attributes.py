"""Converts DynamoDB's attribute values, for the few types that the tables use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, UpdateTypeDef

Item = Mapping[str, Any]
"""An item as DynamoDB returns it: attribute name to ``{"S": …}`` or ``{"N": …}``."""


def text(value: str) -> AttributeValueTypeDef:
    """Return the attribute value of a string."""
    return {"S": value}


def number(value: int) -> AttributeValueTypeDef:
    """Return the attribute value of a whole number."""
    return {"N": str(value)}


def texts(values: Sequence[str]) -> AttributeValueTypeDef:
    """Return the attribute value of a list of strings."""
    return {"L": [{"S": value} for value in values]}


def text_of(item: Item, name: str) -> str | None:
    """Return a string attribute; None if the item does not have it."""
    value = item.get(name)
    return None if value is None else str(value["S"])


def number_of(item: Item, name: str) -> int:
    """Return a whole-number attribute; 0 if the item does not have it."""
    value = item.get(name)
    return 0 if value is None else int(value["N"])


def numbers_of(item: Item) -> Counter[str]:
    """Return all whole-number attributes of an item, by name."""
    return Counter({name: int(value["N"]) for name, value in item.items() if "N" in value})


def addition(table: str, key: Mapping[str, str], numbers: Mapping[str, int]) -> UpdateTypeDef:
    """Return the update that adds numbers to the attributes of an item. A missing one counts as 0.

    The item is created if it does not exist.
    """
    named = list(enumerate(sorted(numbers)))
    return {
        "TableName": table,
        "Key": {name: text(value) for name, value in key.items()},
        "UpdateExpression": "ADD " + ", ".join(f"#f{i} :n{i}" for i, _ in named),
        "ExpressionAttributeNames": {f"#f{i}": name for i, name in named},
        "ExpressionAttributeValues": {f":n{i}": number(numbers[name]) for i, name in named},
    }
