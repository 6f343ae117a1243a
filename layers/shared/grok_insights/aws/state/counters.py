"""Counters in the State table: requests of a client, the adaptive batch size, running totals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from grok_insights.aws.dynamodb.attributes import addition, number, text
from grok_insights.aws.dynamodb.conditions import refused_item
from grok_insights.aws.state.names import BATCH_SIZE
from grok_insights.aws.state.parsing import readable_numbers
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from grok_insights.aws.dynamodb.transactions import Transactions, Written
    from grok_insights.flow.rate_limit import Window

TOTALS: Final = "totals"


@dataclass(frozen=True, slots=True)
class StateCounters:
    """The table, whose items are told apart by ``id`` and go away at ``expiration``."""

    client: DynamoDBClient
    table: str
    transactions: Transactions

    def count_request(self, client_name: str, window: Window) -> int:
        """Count one request of a client, and return how many it has made in the window.

        The count is approximate: a request that botocore repeats counts again.
        """
        answer = self.client.update_item(
            TableName=self.table,
            Key={"id": text(f"rate#{client_name}#{window.start}")},
            UpdateExpression="ADD requests :one SET expiration = :end",
            ExpressionAttributeValues={":one": number(1), ":end": number(window.end + 60)},
            ReturnValues="UPDATED_NEW",
        )
        return int(Decimal(answer["Attributes"]["requests"]["N"]))

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
        """Add to the running totals, once however often the request is repeated.

        It is a transaction, which botocore gives a token that each repetition carries. A total
        that is no number begins again.

        Raises
        ------
        TimeoutError
            The table did not take them.
        """
        written = self._add(totals)
        if written.invalid:
            for name in sorted(totals):
                self._begin_again(name)
            written = self._add(totals)
        if written.invalid or written.failed:
            raise TimeoutError("the running totals were not written")

    def _add(self, totals: Counter[str]) -> Written[Counter[str]]:
        update = addition(self.table, {"id": TOTALS}, totals)
        return self.transactions.write([totals], lambda _: [{"Update": update}])

    def _begin_again(self, name: str) -> None:
        """Set a total that is no number to 0."""
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
        logger.error("a running total was no number and begins again", total=name)

    def totals(self) -> Counter[str]:
        """Return the running totals that can be read.

        Read consistently: a counter that goes back looks like a restart.
        """
        answer = self.client.get_item(
            TableName=self.table, Key={"id": text(TOTALS)}, ConsistentRead=True
        )
        item = dict(answer.get("Item", {}))
        item.pop("id", None)
        return Counter(readable_numbers(item))
