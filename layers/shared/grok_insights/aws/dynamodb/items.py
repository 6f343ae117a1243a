"""Stored items that are parsed one by one: a damaged one costs nothing but itself.

Nothing of an item's contents reaches the log or an error: only its key does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from grok_insights.aws.dynamodb.attributes import Item, number_of
from grok_insights.errors import UnreadableItem
from grok_insights.telemetry import logger

T = TypeVar("T")

DAMAGE: Final = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    OSError,
    RecursionError,
)
"""What parsing a damaged item raises: a missing attribute, a wrong type, an absurd number."""


def parsed(parse: Callable[[Item], T], item: Item, key: str) -> T:
    """Return what an item says, whose id is under the name ``key``.

    Raises
    ------
    UnreadableItem
        The item is not one that this package writes. The cause is left out: it may quote the item.
    """
    try:
        return parse(item)
    except DAMAGE:
        identity = item.get(key, {}).get("S")
        raise UnreadableItem(f"the stored item {identity} cannot be read") from None


def parsed_or_none(parse: Callable[[Item], T], item: Item, key: str) -> T | None:
    """Return what an item says; None where it cannot be read, which is logged with its key."""
    try:
        return parsed(parse, item, key)
    except UnreadableItem as error:
        logger.error(str(error))
        return None


def all_parsed(parse: Callable[[Item], T], items: Iterable[Item], key: str) -> Iterator[T]:
    """Yield what each item says; those that cannot be read are logged and left out."""
    for item in items:
        found = parsed_or_none(parse, item, key)
        if found is not None:
            yield found


def has_expired(item: Item, now: datetime) -> bool:
    """Return whether an item's time is over: DynamoDB deletes it days later.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ttl-expired-items.html
    """
    return "ttl" in item and number_of(item, "ttl") <= now.timestamp()


def unchanged(item: Item, names: Sequence[str]) -> dict[str, Any]:
    """Return a condition: each named attribute is as this item has it, or absent as here.

    The result holds the members of a write that say so. Values are compared as they were read, so
    that a damaged item can be named as well. With its key among the names, an empty item means
    that there is none.
    """
    numbered = list(enumerate(names))
    clauses = [
        f"#s{i} = :s{i}" if n in item else f"attribute_not_exists(#s{i})" for i, n in numbered
    ]
    condition = {
        "ConditionExpression": " AND ".join(clauses),
        "ExpressionAttributeNames": {f"#s{i}": name for i, name in numbered},
    }
    values = {f":s{i}": item[name] for i, name in numbered if name in item}
    return condition | ({"ExpressionAttributeValues": values} if values else {})
