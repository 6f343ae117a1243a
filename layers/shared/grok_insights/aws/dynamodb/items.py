"""Parses stored items one by one, so that a damaged item does not affect others.

Logs and errors contain an item's key and nothing else of it.
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
"""Errors of parsing a damaged item: a missing attribute, a wrong type, a number out of range."""


def parsed(parse: Callable[[Item], T], item: Item, key: str) -> T:
    """Return the parsed item. ``key`` is the name of the attribute with its id.

    Raises
    ------
    UnreadableItem
        The item is damaged. The error has no cause, since that might quote the item.
    """
    try:
        return parse(item)
    except DAMAGE:
        identity = item.get(key, {}).get("S")
        raise UnreadableItem(f"the stored item {identity} cannot be read") from None


def parsed_or_none(parse: Callable[[Item], T | None], item: Item, key: str) -> T | None:
    """Return the parsed item; None if it is damaged, which is logged with its key."""
    try:
        return parsed(parse, item, key)
    except UnreadableItem as error:
        logger.error(str(error))
        return None


def all_parsed(parse: Callable[[Item], T | None], items: Iterable[Item], key: str) -> Iterator[T]:
    """Yield the parsed items. Damaged items are logged and left out, and so is each None."""
    for item in items:
        value = parsed_or_none(parse, item, key)
        if value is not None:
            yield value


def has_expired(item: Item, now: datetime) -> bool:
    """Return whether an item has expired. DynamoDB may delete it days later.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ttl-expired-items.html
    """
    return "ttl" in item and number_of(item, "ttl") <= now.timestamp()


def unchanged(item: Item, names: Sequence[str]) -> dict[str, Any]:
    """Return the condition that the named attributes have not changed since the item was read.

    The result contains the members of a write request. An attribute that this item does not have
    must be absent. Values are compared as they were read, so that the condition can be made for a
    damaged item too. If the key is among the names, an empty item means that no item exists.
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
