"""Marks conversations that are analysed alone, until their call ends.

A mark that is found later shows that its conversation ended the function. The receive count of a
message shows only that the function ended while the message was in a batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.aws.dynamodb.attributes import number, number_of, text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CRASH_MARK_TTL_SECONDS: Final = 15 * 86_400
"""Longer than a message can stay in the queue."""


@dataclass(frozen=True, slots=True)
class CrashMarks:
    """Items ``crash#ID`` of the State table."""

    client: DynamoDBClient
    table: str
    now: Callable[[], datetime]

    def begin(self, conversation_id: str) -> int:
        """Note that a call begins, and return how many have begun and not ended, including it."""
        response = self.client.update_item(
            TableName=self.table,
            Key={"id": text(f"crash#{conversation_id}")},
            UpdateExpression="ADD begun :one SET expiration = :end",
            ExpressionAttributeValues={
                ":one": number(1),
                ":end": number(int(self.now().timestamp()) + CRASH_MARK_TTL_SECONDS),
            },
            ReturnValues="UPDATED_NEW",
        )
        return number_of(response["Attributes"], "begun")

    def end(self, conversation_id: str) -> None:
        """Note that the call has ended without ending the function."""
        self.client.update_item(
            TableName=self.table,
            Key={"id": text(f"crash#{conversation_id}")},
            UpdateExpression="REMOVE begun",
        )
