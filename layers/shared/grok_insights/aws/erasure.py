"""Takes a conversation out: its text, its insight and their share of the counters, all or nothing.

In the insight's place a mark stays for a day that says which conversation was erased, by its time
of acceptance. It holds nothing that the conversation said. An analysis that was under way finds
the mark where it would save, and so cannot bring the conversation back; nothing is paid for this
while nobody deletes. The same ``external_id`` may come again at once: it is a later conversation.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from grok_insights.aws import jitter
from grok_insights.aws.dynamodb.attributes import number, text
from grok_insights.aws.dynamodb.shards import shard_of
from grok_insights.aws.dynamodb.transactions import reasons_of
from grok_insights.aws.insights.table import ERASED
from grok_insights.domain import timestamps, trends

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, TransactWriteItemTypeDef

    from grok_insights.aws.conversations import Conversations
    from grok_insights.aws.insights.table import Counted, Insights
    from grok_insights.aws.trends import Trends

MARK_SECONDS: Final = 86_400
"""How long a mark is kept: much longer than any analysis that is under way can last."""

MAX_TRIES: Final = 10

UNCHANGED: Final = "#status = :status AND created_at = :created_at"
NO_INSIGHT: Final = "attribute_not_exists(conversation_id) OR attribute_exists(erased)"


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erases from three tables at once."""

    client: DynamoDBClient
    conversations: Conversations
    insights: Insights
    trends: Trends
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep

    def erase(self, conversation_id: str) -> bool:
        """Erase a conversation and all that was made of it; False where there is none.

        What was read is written on condition that it still stands, and read again where it does
        not: an insight may be saved at this very moment.

        Raises
        ------
        TimeoutError
            The conversation changed again and again.
        """
        for attempt in range(MAX_TRIES):
            accepted_at = self.conversations.accepted_at(conversation_id)
            if accepted_at is None:
                return False
            insight = self.insights.counted(conversation_id)
            if self._written(self._actions(conversation_id, accepted_at, insight)):
                return True
            self.sleep(jitter.seconds_before_retry(attempt))
        raise TimeoutError("a conversation that is to be erased changed again and again")

    def _written(self, actions: list[TransactWriteItemTypeDef]) -> bool:
        try:
            self.client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            reasons_of(error)
            return False
        return True

    def _actions(
        self, conversation_id: str, accepted_at: datetime, insight: Counted | None
    ) -> list[TransactWriteItemTypeDef]:
        stands = {":accepted_at": text(timestamps.to_text(accepted_at))}
        conversation: TransactWriteItemTypeDef = {
            "Delete": {
                "TableName": self.conversations.table,
                "Key": {"id": text(conversation_id)},
                "ConditionExpression": "created_at = :accepted_at",
                "ExpressionAttributeValues": stands,
            }
        }
        mark: PutTypeDef = {
            "TableName": self.insights.table,
            "Item": self._mark(conversation_id, accepted_at),
        }
        mark |= _condition(insight)
        return [conversation, {"Put": mark}, *self._counted_out(conversation_id, insight)]

    def _mark(self, conversation_id: str, accepted_at: datetime) -> dict[str, Any]:
        return {
            "conversation_id": text(conversation_id),
            "status": text(ERASED),
            "erased": text(timestamps.to_text(accepted_at)),
            "ttl": number(int(self.now().timestamp()) + MARK_SECONDS),
        }

    def _counted_out(
        self, conversation_id: str, insight: Counted | None
    ) -> list[TransactWriteItemTypeDef]:
        if insight is None:
            return []
        shard = shard_of(conversation_id, self.trends.shards)
        taken = trends.total([trends.counters(insight.tally, shard, sign=-1)])
        return [{"Update": update} for update in self.trends.updates(taken)]


def _condition(insight: Counted | None) -> Any:
    if insight is None:
        return {"ConditionExpression": NO_INSIGHT}
    return {
        "ConditionExpression": UNCHANGED,
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {
            ":status": text(insight.status),
            ":created_at": text(timestamps.to_text(insight.tally.created_at)),
        },
    }
