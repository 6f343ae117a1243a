"""Whether insights can be saved now, found out without an insight and without a call to Grok."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from grok_insights.aws.dynamodb.attributes import number, text
from grok_insights.aws.failures import AWS_FAILURES, response_of
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

KEY: Final = "write-check"
REFUSED: Final = "ConditionalCheckFailed"


@dataclass(frozen=True, slots=True)
class WriteCheck:
    """Writes to both tables, as saving an insight does, on a condition that never holds.

    Permissions, tables and keys of encryption are checked before the condition is, so that only
    the condition's failure shows that a write would be taken. Nothing is written.
    """

    client: DynamoDBClient
    insights_table: str
    trends_table: str

    def passes(self) -> bool:
        """Return whether a write is refused for its condition, and for nothing else."""
        try:
            self.client.transact_write_items(TransactItems=self._actions())
        except AWS_FAILURES as error:
            reasons = response_of(error).get("CancellationReasons", [])
            codes = {one.get("Code") for one in reasons}
            if codes <= {REFUSED, "None"} and REFUSED in codes:
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
