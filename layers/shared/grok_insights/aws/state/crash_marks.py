"""Marks of conversations whose call, made alone, has begun and not ended: they ended the function.

A message that was delivered often says only that something went wrong while it was in a batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.aws.dynamodb.attributes import number, number_of, text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_SECONDS: Final = 15 * 86_400
"""Longer than a message can stay in the queue."""


@dataclass(frozen=True, slots=True)
class CrashMarks:
    """Items ``crash#ID`` of the State table."""

    client: DynamoDBClient
    table: str
    now: Callable[[], datetime]

    def begin(self, conversation_id: str) -> int:
        """Note that a call begins, and return how many have begun and not ended, this one too."""
        answer = self.client.update_item(
            TableName=self.table,
            Key={"id": text(f"crash#{conversation_id}")},
            UpdateExpression="ADD begun :one SET expiration = :end",
            ExpressionAttributeValues={
                ":one": number(1),
                ":end": number(int(self.now().timestamp()) + KEPT_SECONDS),
            },
            ReturnValues="UPDATED_NEW",
        )
        return number_of(answer["Attributes"], "begun")

    def end(self, conversation_id: str) -> None:
        """Note that the call has ended, in whatever way: the function lives."""
        self.client.update_item(
            TableName=self.table,
            Key={"id": text(f"crash#{conversation_id}")},
            UpdateExpression="REMOVE begun",
        )
