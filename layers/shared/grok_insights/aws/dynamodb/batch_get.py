"""Many items by their keys, from several tables in one request."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from grok_insights.aws import jitter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from grok_insights.aws.dynamodb.attributes import Item

MAX_KEYS: Final = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""

MAX_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class BatchGet:
    """Reads consistently, and asks again for what DynamoDB left out of an answer."""

    client: DynamoDBClient
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = jitter.fraction

    def __call__(self, wanted: Mapping[str, Any]) -> dict[str, list[Item]]:
        """The items that exist, by table.

        ``wanted`` maps a table to ``Keys`` and, if only some attributes are wanted,
        ``ProjectionExpression`` and ``ExpressionAttributeNames``. At most 100 keys in all.

        Raises
        ------
        TimeoutError
            DynamoDB left keys unanswered again and again.
        """
        found: defaultdict[str, list[Item]] = defaultdict(list)
        rest: Mapping[str, Any] = {
            table: {**request, "ConsistentRead": True} for table, request in wanted.items()
        }
        for attempt in range(MAX_TRIES):
            answer = self.client.batch_get_item(RequestItems=rest)
            for table, items in answer["Responses"].items():
                found[table] += items
            rest = answer.get("UnprocessedKeys", {})
            if not rest:
                return found
            self.sleep(jitter.seconds_before_retry(attempt, self.random()))
        raise TimeoutError("DynamoDB left keys unanswered again and again")
