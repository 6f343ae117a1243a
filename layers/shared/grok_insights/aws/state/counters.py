"""Counters in the State table: requests of a client, the adaptive batch size, running totals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from grok_insights.aws.dynamodb.attributes import addition, number, text
from grok_insights.aws.dynamodb.conditions import refused_item
from grok_insights.aws.state.names import BATCH_SIZE, NEW_FIRST
from grok_insights.aws.state.parsing import readable_numbers
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from grok_insights.aws.dynamodb.transactions import Transactions, Written
    from grok_insights.flow.rate_limit import Window

TOTALS: Final = "totals"


@dataclass(frozen=True, slots=True)
class StateCounters:
    """The State table. Its key is ``id``, and its items expire at ``expiration``."""

    client: DynamoDBClient
    table: str
    transactions: Transactions

    def count_request(self, client_name: str, window: Window) -> int:
        """Count one request of a client, and return its number of requests in the window.

        The number is approximate: if botocore repeats an update, it counts the request again.
        """
        response = self.client.update_item(
            TableName=self.table,
            Key={"id": text(f"rate#{client_name}#{window.start}")},
            UpdateExpression="ADD requests :one SET expiration = :end",
            ExpressionAttributeValues={":one": number(1), ":end": number(window.end + 60)},
            ReturnValues="UPDATED_NEW",
        )
        return int(Decimal(response["Attributes"]["requests"]["N"]))

    def learn_batch_size(self, size: int) -> None:
        """Store the batch size with which other execution environments start."""
        self.client.update_item(
            TableName=self.table,
            Key={"id": text(BATCH_SIZE)},
            UpdateExpression="SET #size = :size",
            ExpressionAttributeNames={"#size": "size"},
            ExpressionAttributeValues={":size": number(size)},
        )

    def let_new_go_first(self, until: float) -> None:
        """Note that jobs make no calls until ``until``, in epoch seconds."""
        self.client.update_item(
            TableName=self.table,
            Key={"id": text(NEW_FIRST)},
            UpdateExpression="SET #until = :until",
            ExpressionAttributeNames={"#until": "until"},
            ExpressionAttributeValues={":until": number(int(until))},
        )

    def add_totals(self, totals: Counter[str]) -> None:
        """Add to the running totals exactly once, even if the request is repeated.

        The write is a transaction: botocore sends the same client request token with each retry. A
        stored total that is not a number restarts at 0.

        Raises
        ------
        TimeoutError
            The totals could not be written.
        """
        written = self._add(totals)
        if written.invalid:
            for name in sorted(totals):
                self._reset(name)
            written = self._add(totals)
        if written.invalid or written.failed:
            raise TimeoutError("the running totals were not written")

    def _add(self, totals: Counter[str]) -> Written[Counter[str]]:
        update = addition(self.table, {"id": TOTALS}, totals)
        return self.transactions.write([totals], lambda _: [{"Update": update}])

    def _reset(self, name: str) -> None:
        """Set a total to 0 if it is not a number."""
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"id": text(TOTALS)},
                UpdateExpression="SET #total = :zero",
                ConditionExpression="attribute_exists(#total)"
                " AND NOT attribute_type(#total, :number)",
                ExpressionAttributeNames={"#total": name},
                ExpressionAttributeValues={":zero": number(0), ":number": text("N")},
            )
        except ClientError as error:
            refused_item(error)
            return
        logger.error("a running total was not a number and restarts at 0", total=name)

    def totals(self) -> Counter[str]:
        """Return the running totals that are numbers.

        The read is consistent, since a counter that decreases would look like a restart.
        """
        response = self.client.get_item(
            TableName=self.table, Key={"id": text(TOTALS)}, ConsistentRead=True
        )
        item = dict(response.get("Item", {}))
        item.pop("id", None)
        return Counter(readable_numbers(item))
