"""The Insights table's stream, for tests: its records are made of the items that the table has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from grok_insights.wiring import Parts

Item = Mapping[str, Any]
Record = dict[str, Any]


def record(old: Item | None, new: Item | None, *, number: int = 1, by_ttl: bool = False) -> Record:
    """Return a record as Lambda passes it: ``NEW_AND_OLD_IMAGES`` in DynamoDB's JSON.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
    """
    names = {(False, True): "INSERT", (True, True): "MODIFY", (True, False): "REMOVE"}
    key = {"conversation_id": dict(new or old or {}).get("conversation_id", {"S": "unknown"})}
    change = {
        "Keys": key,
        "SequenceNumber": str(number).zfill(21),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        **({"OldImage": dict(old)} if old else {}),
        **({"NewImage": dict(new)} if new else {}),
    }
    service = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    return {
        "eventID": f"e{number}",
        "eventName": names[bool(old), bool(new)],
        "eventSource": "aws:dynamodb",
        "dynamodb": change,
        **({"userIdentity": service} if by_ttl else {}),
    }


@dataclass
class Stream:
    """The records of changes to one item, each as DynamoDB writes it."""

    parts: Parts
    numbers: count[int] = field(default_factory=lambda: count(1))

    def item(self, identity: str) -> Item | None:
        """Return the item that the table has now."""
        key = {"conversation_id": {"S": identity}}
        response = self.parts.dynamodb.get_item(
            TableName=self.parts.settings.insights_table, Key=key, ConsistentRead=True
        )
        return response.get("Item")

    def of(self, identity: str, change: Callable[[], object]) -> list[Record]:
        """Make a change, and return the record of it; no record if the item stays as it is."""
        old = self.item(identity)
        change()
        new = self.item(identity)
        return [] if old == new else [record(old, new, number=next(self.numbers))]
