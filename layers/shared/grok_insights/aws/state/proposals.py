"""Counts the topics that Grok proposes where the topics are closed, in one item of the State table.

The counts help people to find missing labels. They are not exact: a batch whose function ends
before it has counted is not counted, and rare proposals are removed when there are too many.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from grok_insights.aws.dynamodb.attributes import addition, number, text
from grok_insights.aws.dynamodb.conditions import refused_item
from grok_insights.aws.state.names import PROPOSALS
from grok_insights.aws.state.parsing import readable_numbers
from grok_insights.domain.profile import LABEL, MAX_LABEL_CHARS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_PROPOSALS: Final = 200
KEPT_PROPOSALS: Final = 100
"""If there are more than 200, the most frequent 100 are kept."""

MAX_OF_A_BATCH: Final = 50
_LABEL: Final = re.compile(LABEL)
_PREFIX: Final = "topic:"


@dataclass(frozen=True, slots=True)
class Proposals:
    """The item with one counter for each proposed topic."""

    client: DynamoDBClient
    table: str

    def all(self) -> Counter[str]:
        """Return how often each topic was proposed. Damaged counters are left out."""
        response = self.client.get_item(TableName=self.table, Key={"id": text(PROPOSALS)})
        return _counts(response.get("Item", {}))

    def add(self, proposed: Counter[str]) -> None:
        """Count proposed topics. Names that cannot be labels are not counted."""
        counts = {
            f"{_PREFIX}{name}": count
            for name, count in proposed.most_common(MAX_OF_A_BATCH)
            if len(name) <= MAX_LABEL_CHARS and _LABEL.search(name)
        }
        if not counts:
            return
        update = addition(self.table, {"id": PROPOSALS}, counts)
        response = self.client.update_item(**update, ReturnValues="ALL_NEW")
        stored = _counts(response.get("Attributes", {}))
        if len(stored) > MAX_PROPOSALS:
            self._remove_rarest(stored)

    def remove(self, name: str) -> bool:
        """Remove a proposed topic, and return True; return False if it was not proposed."""
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"id": text(PROPOSALS)},
                UpdateExpression="REMOVE #topic",
                ConditionExpression="attribute_exists(#topic)",
                ExpressionAttributeNames={"#topic": f"{_PREFIX}{name}"},
            )
        except ClientError as error:
            refused_item(error)
            return False
        return True

    def _remove_rarest(self, stored: Counter[str]) -> None:
        """Remove all but the most frequent topics, unless one of them was counted meanwhile."""
        rare = dict(list(enumerate(stored.most_common()))[KEPT_PROPOSALS:])
        names = {f"#t{at}": f"{_PREFIX}{name}" for at, (name, _) in rare.items()}
        values: dict[str, Any] = {f":t{at}": number(count) for at, (_, count) in rare.items()}
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"id": text(PROPOSALS)},
                UpdateExpression=f"REMOVE {', '.join(names)}",
                ConditionExpression=" AND ".join(f"#t{at} = :t{at}" for at in rare),
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            refused_item(error)


def _counts(item: Mapping[str, Any]) -> Counter[str]:
    found = readable_numbers(item)
    return Counter(
        {
            name.removeprefix(_PREFIX): count
            for name, count in found.items()
            if name.startswith(_PREFIX)
        }
    )
