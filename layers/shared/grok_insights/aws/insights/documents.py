"""Reads the documents of index entries.

The indexes do not contain documents, so that each entry costs one write unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from grok_insights.aws.dynamodb.attributes import text
from grok_insights.aws.dynamodb.items import has_expired, parsed_or_none
from grok_insights.aws.insights.item import is_mark, labels_of, valid_document

if TYPE_CHECKING:
    from grok_insights.aws.dynamodb.attributes import Item
    from grok_insights.aws.dynamodb.batch_get import BatchGet
    from grok_insights.domain.selection import Selection


SHOWN: Final = (
    "conversation_id, #status, #position, #kind, #tags, #ttl, #labels, long_labels, #document"
)
"""A projection: the document, and what is compared with the index entry and the selection."""
NAMES: Final = {
    f"#{name}": name for name in ("status", "position", "kind", "tags", "ttl", "labels", "document")
}


class IndexEntry(NamedTuple):
    """An insight as an index contains it."""

    position: str
    conversation_id: str
    kind: str
    tags: str


class Placed(NamedTuple):
    """A document and its position in the order of time."""

    position: str
    document: str


@dataclass(frozen=True, slots=True)
class Documents:
    """Reads the Insights table, at most 100 items at a time."""

    table: str
    batch_get: BatchGet
    now: Callable[[], datetime]

    def read(self, entries: list[IndexEntry], selection: Selection) -> list[Placed]:
        """Return the documents of entries, in order.

        An entry may be older than its item, and the first read may return an older item than the
        entry. Where the two differ, the item is read again, consistently. An insight that was
        erased, or that does not match the selection any more, is left out.
        """
        items = self._items((entry.conversation_id for entry in entries), consistent=False)
        differing = [
            entry.conversation_id
            for entry in entries
            if not _is_entry_of(entry, items.get(entry.conversation_id))
        ]
        for identity in differing:
            items.pop(identity, None)
        items |= self._items(differing, consistent=True)
        placed = (self._placed(items.get(entry.conversation_id), selection) for entry in entries)
        return [
            one
            for one, entry in zip(placed, entries, strict=True)
            if one is not None and one.position == entry.position
        ]

    def of(self, conversation_id: str, selection: Selection) -> list[Placed]:
        """Return the document of one conversation if it matches the selection, else nothing."""
        items = self._items([conversation_id], consistent=True)
        placed = self._placed(items.get(conversation_id), selection)
        first, end = selection.first_position(), selection.end_position()
        return [placed] if placed is not None and first <= placed.position < end else []

    def _items(self, conversation_ids: Iterable[str], *, consistent: bool) -> dict[str, Item]:
        keys: list[dict[str, Any]] = [{"conversation_id": {"S": one}} for one in conversation_ids]
        if not keys:
            return {}
        wanted = {"Keys": keys, "ProjectionExpression": SHOWN, "ExpressionAttributeNames": NAMES}
        items = self.batch_get({self.table: wanted}, consistent=consistent)
        return {item["conversation_id"]["S"]: item for item in items[self.table]}

    def _placed(self, item: Item | None, selection: Selection) -> Placed | None:
        """Return the document of an item; None if it does not match or is damaged."""
        if not item or is_mark(item):
            return None
        return parsed_or_none(
            lambda item: _matching(item, selection, self.now()), item, "conversation_id"
        )


def _is_entry_of(entry: IndexEntry, item: Item | None) -> bool:
    """Return whether an item is as an entry says."""
    return (
        item is not None
        and item.get("position") == text(entry.position)
        and item.get("kind") == text(entry.kind)
        and item.get("tags") == text(entry.tags)
    )


def _matching(item: Item, selection: Selection, now: datetime) -> Placed | None:
    """Return the document of an item that matches a selection, apart from its time."""
    if has_expired(item, now) or item["kind"]["S"] not in selection.kinds:
        return None
    if selection.all_labels and not {*selection.all_labels} <= {*labels_of(item)}:
        return None
    return Placed(item["position"]["S"], valid_document(item))
