"""Reads many items by their keys, from several tables in one request."""

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

MAX_REQUESTS: Final = 10


@dataclass(frozen=True, slots=True)
class BatchGet:
    """Reads items, and repeats the request for keys that DynamoDB did not process."""

    client: DynamoDBClient
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = jitter.fraction

    def __call__(
        self, wanted: Mapping[str, Any], *, consistent: bool = True
    ) -> dict[str, list[Item]]:
        """Return the items that exist, by table.

        ``wanted`` maps a table to ``Keys`` and, to read only some attributes, to
        ``ProjectionExpression`` and ``ExpressionAttributeNames``. The limit is 100 keys in total.
        A read that is not ``consistent`` costs half, and may return items as they were before.

        Raises
        ------
        TimeoutError
            DynamoDB left keys unprocessed in 10 requests.
        """
        items_by_table: defaultdict[str, list[Item]] = defaultdict(list)
        unprocessed: Mapping[str, Any] = {
            table: {**request, "ConsistentRead": consistent} for table, request in wanted.items()
        }
        for attempt in range(MAX_REQUESTS):
            response = self.client.batch_get_item(RequestItems=unprocessed)
            for table, items in response["Responses"].items():
                items_by_table[table] += items
            unprocessed = response.get("UnprocessedKeys", {})
            if not unprocessed:
                return items_by_table
            self.sleep(jitter.seconds_before_retry(attempt, self.random()))
        raise TimeoutError("DynamoDB left keys unprocessed in each request")
