"""Marks conversations that are analysed alone, until their call ends.

A mark that is found later shows that its conversation ended the function. The receive count of a
message shows only that the function ended while the message was in a batch.

Each call adds an id of its own to the mark, since botocore repeats a request whose response was
lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.aws.dynamodb.attributes import number, text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CRASH_MARK_TTL_SECONDS: Final = 15 * 86_400
"""Longer than a message can stay in the queue."""


@dataclass(frozen=True, slots=True)
class CrashMarks:
    """Items ``crash#ID`` of the State table, each with the ids of calls.

    ``random_id`` returns a different text at each call.
    """

    client: DynamoDBClient
    table: str
    now: Callable[[], datetime]
    random_id: Callable[[], str]

    def begin(self, conversation_id: str) -> int:
        """Note that a call begins, and return how many have begun and not ended, including it."""
        response = self.client.update_item(
            TableName=self.table,
            Key={"id": text(f"crash#{conversation_id}")},
            UpdateExpression="ADD calls :call SET expiration = :end",
            ExpressionAttributeValues={
                ":call": {"SS": [self.random_id()]},
                ":end": number(int(self.now().timestamp()) + CRASH_MARK_TTL_SECONDS),
            },
            ReturnValues="ALL_NEW",
        )
        return len(response["Attributes"]["calls"]["SS"])

    def end(self, conversation_id: str) -> None:
        """Note that the call has ended without ending the function."""
        self.client.update_item(
            TableName=self.table,
            Key={"id": text(f"crash#{conversation_id}")},
            UpdateExpression="REMOVE calls",
        )
