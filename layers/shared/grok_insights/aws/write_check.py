"""Checks whether insights can be saved, without an insight and without a call to Grok."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from grok_insights.aws.dynamodb.attributes import number, text
from grok_insights.aws.dynamodb.transactions import CONDITION_FAILED_REASON, write_or_reasons
from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

KEY: Final = "write-check"


@dataclass(frozen=True, slots=True)
class WriteCheck:
    """Sends a write to both tables, as saving an insight does, with a condition that is never met.

    If only the condition fails, a real write is expected to succeed: permissions, tables and keys
    of encryption come first on the emulator. AWS does not document the order. Nothing is written.
    """

    client: DynamoDBClient
    insights_table: str
    trends_table: str

    def passes(self) -> bool:
        """Return whether the condition is the only reason why the write is refused."""
        try:
            reasons = write_or_reasons(self.client, self._actions())
        except AWS_FAILURES:
            logger.exception("insights still cannot be saved")
            return False
        codes = {reason["Code"] for reason in reasons}
        if CONDITION_FAILED_REASON in codes <= {CONDITION_FAILED_REASON, "None"}:
            return True
        logger.error("insights still cannot be saved", reasons=sorted(codes))
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
