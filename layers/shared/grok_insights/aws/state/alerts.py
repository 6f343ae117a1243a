"""The alert rules, the alerts and their unsent events, in one item of the State table.

They are one item so that a change of an alert and the event about it are one write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import ClientError

from grok_insights.aws.dynamodb.attributes import Item, number, number_of, text
from grok_insights.aws.dynamodb.conditions import refused_item
from grok_insights.aws.dynamodb.items import parsed, unchanged
from grok_insights.aws.state.names import ALERTS
from grok_insights.domain.alerts import AlertBook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_ATTEMPTS: Final = 10
"""Reads and writes of one change, while other requests change the item."""


class Changed(NamedTuple):
    """The book before and after a change."""

    before: AlertBook
    after: AlertBook


@dataclass(frozen=True, slots=True)
class AlertStore:
    """The item. Its ``revision`` grows with each change."""

    client: DynamoDBClient
    table: str

    def book(self) -> AlertBook:
        """Return the rules and alerts.

        Raises
        ------
        UnreadableItem
            The item is damaged.
        """
        return _book(self._item())

    def change(self, change: Callable[[AlertBook], AlertBook]) -> Changed:
        """Apply a change. It is applied again to the newer book if another request was first.

        Raises
        ------
        UnreadableItem
            The item is damaged.
        TimeoutError
            Other requests were first each time.
        """
        for _ in range(MAX_ATTEMPTS):
            item = self._item()
            before = _book(item)
            after = change(before)
            if after == before or self._write(after, item):
                return Changed(before, after)
        raise TimeoutError("other requests changed the alerts each time")

    def _item(self) -> Item:
        response = self.client.get_item(
            TableName=self.table, Key={"id": text(ALERTS)}, ConsistentRead=True
        )
        return response.get("Item", {})

    def _write(self, book: AlertBook, read: Item) -> bool:
        """Write a book. Return False if another request has changed the item since it was read.

        A refused write may be our own, whose response was lost.
        """
        item: dict[str, Any] = {
            "id": text(ALERTS),
            "document": text(book.model_dump_json(exclude_defaults=True)),
            "revision": number(number_of(read, "revision") + 1),
        }
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **unchanged(read, ("revision",)),
            )
        except ClientError as error:
            return refused_item(error) == item
        return True


def _book(item: Item) -> AlertBook:
    return parsed(_parse, item, "id") if item else AlertBook()


def _parse(item: Item) -> AlertBook:
    return AlertBook.model_validate_json(item["document"]["S"])
