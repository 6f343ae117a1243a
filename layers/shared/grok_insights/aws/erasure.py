"""Erases a conversation in one transaction: its text, its insight with all versions, its counts.

A mark replaces each of the two items. It contains the erased generation and no contents. An
analysis that is in progress finds the mark of the insight when it saves, and so cannot restore the
conversation. Saving costs no extra request for this. The mark of the conversation expires when the
conversation would have. While it exists, imports do not store the conversation again. One that a
client sends again under the same id is accepted, and gets a later generation.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.aws import conversations, jitter
from grok_insights.aws.dynamodb.attributes import Item, number, text
from grok_insights.aws.dynamodb.items import parsed_or_none, unchanged
from grok_insights.aws.dynamodb.shards import shard_of
from grok_insights.aws.dynamodb.transactions import has_invalid, write_or_reasons
from grok_insights.aws.insights import item as insight_item
from grok_insights.aws.insights.item import is_mark, mark_item, tally_of
from grok_insights.domain import timestamps, trends
from grok_insights.domain.conversation import MAX_GENERATION
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from grok_insights.aws.conversations import Conversations
    from grok_insights.aws.insights.table import Insights
    from grok_insights.aws.insights.versions import Versions
    from grok_insights.aws.trends import Trends

MARK_SECONDS: Final = 86_400
"""The least time that a mark is kept: much longer than an analysis in progress can last."""

MAX_TRANSACTIONS: Final = 10


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erases from four tables in one transaction."""

    client: DynamoDBClient
    conversations: Conversations
    insights: Insights
    versions: Versions
    trends: Trends
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = jitter.fraction

    def erase(self, conversation_id: str) -> bool:
        """Erase a conversation and its insight, and return True; return False if neither exists.

        Expired items that are still stored are erased too. So are an insight whose conversation
        DynamoDB has deleted, and a damaged item. The transaction requires that the items have not
        changed since they were read. If they have, for example because an insight was saved, they
        are read again. So no version can be added meanwhile.

        Raises
        ------
        TimeoutError
            The conversation changed before each of 10 transactions.
        """
        subtracts = True
        for attempt in range(MAX_TRANSACTIONS):
            conversation = self.conversations.head(conversation_id)
            insight = self.insights.head(conversation_id)
            if not (_exists(conversation) or _exists(insight)):
                return False
            removals = [
                *self._marks(conversation_id, conversation, insight),
                *self.versions.deletions(conversation_id),
            ]
            counters = self._subtractions(conversation_id, insight) if subtracts else []
            reasons = write_or_reasons(self.client, [*removals, *counters])
            if not reasons:
                return True
            if has_invalid(reasons[len(removals) :]):
                logger.error("a counter is damaged: it still counts an erased insight")
                subtracts = False
            self.sleep(jitter.seconds_before_retry(attempt, self.random()))
        raise TimeoutError("the conversation changed before each transaction that erases it")

    def _marks(
        self, conversation_id: str, conversation: Item, insight: Item
    ) -> list[TransactWriteItemTypeDef]:
        """Return the writes of both marks, on condition that the items have not changed."""
        now = self.now()
        unknown = timestamps.to_milliseconds(now)
        generation = max(_generation_or(unknown, conversation), _generation_or(unknown, insight))
        ends_at = int(now.timestamp()) + MARK_SECONDS
        longest = int((now + self.conversations.retention).timestamp())
        expires_at = max(_expiry_or(longest, conversation), _expiry_or(longest, insight))
        return [
            {
                "Put": {
                    "TableName": self.conversations.table,
                    "Item": {
                        "id": text(conversation_id),
                        "generation": number(generation),
                        "erased": number(1),
                        "ttl": number(max(ends_at, expires_at)),
                    },
                    **unchanged(conversation, conversations.CONVERSATION_IDENTITY),  # type: ignore[typeddict-item]
                }
            },
            {
                "Put": {
                    "TableName": self.insights.table,
                    "Item": mark_item(conversation_id, generation, ends_at),
                    **unchanged(insight, insight_item.INSIGHT_IDENTITY),  # type: ignore[typeddict-item]
                }
            },
        ]

    def _subtractions(self, conversation_id: str, insight: Item) -> list[TransactWriteItemTypeDef]:
        """Return the writes that subtract an insight from the counters; none if it is damaged."""
        if not _exists(insight):
            return []
        tally = parsed_or_none(tally_of, insight, "conversation_id")
        if tally is None:
            return []
        shard = shard_of(conversation_id, self.trends.shards)
        counters = trends.total([trends.counters(tally, shard, sign=-1)])
        return [{"Update": update} for update in self.trends.updates(counters)]


def _exists(item: Item) -> bool:
    """Return whether there is an item, and it is not a mark."""
    return bool(item) and not is_mark(item) and "erased" not in item


def _generation_or(unknown: int, item: Item) -> int:
    """Return the generation of an item or a mark, ``unknown`` if it is damaged, 0 if no item."""
    name = "erased" if is_mark(item) else "generation"
    if name not in item:
        return unknown if item else 0
    digits = item[name].get("N", "")
    return int(digits) if digits.isdigit() and int(digits) < MAX_GENERATION else unknown


def _expiry_or(unknown: int, item: Item) -> int:
    """Return when an item expires, in epoch seconds, ``unknown`` if it is damaged, 0 if no item."""
    if not item:
        return 0
    digits = item.get("ttl", {}).get("N", "")
    return int(digits) if digits.isdigit() else unknown
