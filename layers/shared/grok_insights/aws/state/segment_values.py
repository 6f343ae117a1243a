"""Admits the values of segments in the State table: the first 50 different ones of each segment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from grok_insights.aws.dynamodb.attributes import Item, number, text
from grok_insights.aws.dynamodb.conditions import refused_item
from grok_insights.aws.state.names import segment
from grok_insights.domain.segments import MAX_SEGMENT_VALUES, ActiveProfile, WithMetadata

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class SegmentValues:
    """An item with a set of values for each segment. Values are added and never removed."""

    client: DynamoDBClient
    table: str

    def admit(self, active: ActiveProfile, conversations: Iterable[WithMetadata]) -> ActiveProfile:
        """Add the new values of conversations, and return the profile with all known values.

        A segment never has more than 50 values, whatever other functions add concurrently: the
        condition of the write counts them.

        Raises
        ------
        ClientError, BotoCoreError
            A request failed.
        """
        for conversation in conversations:
            for name, value in sorted(active.unknown(conversation)):
                seen = frozenset(self._add(name, value).get("seen", {}).get("SS", ()))
                active = replace(active, values={**active.values, name: seen})
        return active

    def _add(self, name: str, value: str) -> Item:
        """Add a value if there is room, and return the item as it then is."""
        try:
            response = self.client.update_item(
                TableName=self.table,
                Key={"id": text(segment(name))},
                UpdateExpression="ADD seen :values",
                ConditionExpression="attribute_not_exists(seen) OR size(seen) < :most"
                " OR contains(seen, :value)",
                ExpressionAttributeValues={
                    ":values": {"SS": [value]},
                    ":value": text(value),
                    ":most": number(MAX_SEGMENT_VALUES),
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            return refused_item(error)
        return response["Attributes"]
