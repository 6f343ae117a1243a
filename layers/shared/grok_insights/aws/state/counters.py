"""The State table: small facts that all execution environments share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from grok_insights.aws.dynamodb.attributes import addition, number, number_of, numbers_of, text
from grok_insights.aws.state.pauses import BATCH_SIZE

if TYPE_CHECKING:
    from collections import Counter

    from mypy_boto3_dynamodb import DynamoDBClient

    from grok_insights.flow.rate_limit import Window

TOTALS: Final = "totals"


@dataclass(frozen=True, slots=True)
class StateCounters:
    """The table, whose items are told apart by ``id`` and go away at ``expiration``."""

    client: DynamoDBClient
    table: str

    def count_request(self, client_name: str, window: Window) -> int:
        """Count one request of a client, and return how many it has made in the window."""
        answer = self.client.update_item(
            TableName=self.table,
            Key={"id": text(f"rate#{client_name}#{window.start}")},
            UpdateExpression="ADD requests :one SET expiration = :end",
            ExpressionAttributeValues={":one": number(1), ":end": number(window.end + 60)},
            ReturnValues="UPDATED_NEW",
        )
        return number_of(answer["Attributes"], "requests")

    def batch_size(self) -> int:
        """The adaptive batch size that was last learned, 0 where there is none yet."""
        answer = self.client.get_item(TableName=self.table, Key={"id": text(BATCH_SIZE)})
        return number_of(answer.get("Item", {}), "size")

    def learn_batch_size(self, size: int) -> None:
        """Let the other execution environments begin with this size."""
        self.client.update_item(
            TableName=self.table,
            Key={"id": text(BATCH_SIZE)},
            UpdateExpression="SET #size = :size",
            ExpressionAttributeNames={"#size": "size"},
            ExpressionAttributeValues={":size": number(size)},
        )

    def add_totals(self, totals: Counter[str]) -> None:
        """Add to the running totals."""
        self.client.update_item(**addition(self.table, {"id": TOTALS}, totals))

    def totals(self) -> Counter[str]:
        """The running totals. Read consistently: a counter that goes back looks like a restart."""
        answer = self.client.get_item(
            TableName=self.table, Key={"id": text(TOTALS)}, ConsistentRead=True
        )
        return numbers_of(answer.get("Item", {}))
