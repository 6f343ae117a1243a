"""Checks whether insights can be saved, without an insight and without a call to Grok."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from grok_insights.aws.dynamodb.attributes import number, text
from grok_insights.aws.dynamodb.transactions import CONDITION_FAILED_REASON
from grok_insights.aws.failures import AWS_FAILURES, response_of
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

KEY: Final = "write-check"


@dataclass(frozen=True, slots=True)
class WriteCheck:
    """Sends a write to both tables, as saving an insight does, with a condition that is never met.

    DynamoDB checks permissions, tables and encryption keys before the condition. So if only the
    condition fails, a real write would succeed. Nothing is written.
    """

    client: DynamoDBClient
    insights_table: str
    trends_table: str

    def passes(self) -> bool:
        """Return whether the condition is the only reason why the write is refused."""
        try:
            self.client.transact_write_items(TransactItems=self._actions())
        except AWS_FAILURES as error:
            reasons = response_of(error).get("CancellationReasons", [])
            codes = {reason.get("Code") for reason in reasons}
            if codes <= {CONDITION_FAILED_REASON, "None"} and CONDITION_FAILED_REASON in codes:
                return True
            logger.exception("insights still cannot be saved")
        return False

    def _actions(self) -> list[TransactWriteItemTypeDef]:
        return [
            {
                "Put": {
                    "TableName": self.insights_table,
                    "Item": {"conversation_id": text(KEY)},
                    "ConditionExpression": "attribute_exists(conversation_id)",
                }
            },
            {
                "Update": {
                    "TableName": self.trends_table,
                    "Key": {"bucket": text(KEY), "slot": text(KEY)},
                    "UpdateExpression": "ADD #zero :zero",
                    "ExpressionAttributeNames": {"#zero": "zero"},
                    "ExpressionAttributeValues": {":zero": number(0)},
                }
            },
        ]
