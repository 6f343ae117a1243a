"""Takes a conversation out: its text, its insight and their share of the counters, all or nothing.

A mark stays for a day in the place of each, which names the erased generation and nothing that the
conversation said. An analysis that was under way finds the insight's mark where it would save, and
so cannot bring the conversation back; nothing is paid for this while nobody deletes. A conversation
that is accepted under the same id finds the other mark, and becomes a later generation.
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
from grok_insights.aws.dynamodb.transactions import names_no_entry, write_or_reasons
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
    from grok_insights.aws.trends import Trends

MARK_SECONDS: Final = 86_400
"""How long a mark is kept: much longer than any analysis that is under way can last."""

MAX_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erases from three tables at once."""

    client: DynamoDBClient
    conversations: Conversations
    insights: Insights
    trends: Trends
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = jitter.fraction

    def erase(self, conversation_id: str) -> bool:
        """Erase a conversation and all that was made of it; False where nothing is there.

        What has expired and is still stored is erased too, and so is an insight whose conversation
        DynamoDB has deleted, and an item that cannot be read. What was read is written on condition
        that it still stands, and read again where it does not: an insight may be saved at this very
        moment.

        Raises
        ------
        TimeoutError
            The conversation changed again and again.
        """
        counts = True
        for attempt in range(MAX_TRIES):
            conversation = self.conversations.head(conversation_id)
            insight = self.insights.head(conversation_id)
            if not (_is_there(conversation) or _is_there(insight)):
                return False
            marks = self._marks(conversation_id, conversation, insight)
            counters = self._counted_out(conversation_id, insight) if counts else []
            reasons = write_or_reasons(self.client, [*marks, *counters])
            if not reasons:
                return True
            if names_no_entry(reasons[len(marks) :]):
                logger.error("a counter cannot be read: it keeps what was erased")
                counts = False
            self.sleep(jitter.seconds_before_retry(attempt, self.random()))
        raise TimeoutError("a conversation that is to be erased changed again and again")

    def _marks(
        self, conversation_id: str, conversation: Item, insight: Item
    ) -> list[TransactWriteItemTypeDef]:
        """Return the writes of both marks, on condition that nothing has changed."""
        now = self.now()
        unknown = timestamps.to_milliseconds(now)
        generation = max(_generation(conversation, unknown), _generation(insight, unknown))
        ends_at = int(now.timestamp()) + MARK_SECONDS
        return [
            {
                "Put": {
                    "TableName": self.conversations.table,
                    "Item": {
                        "id": text(conversation_id),
                        "generation": number(generation),
                        "erased": number(1),
                        "ttl": number(ends_at),
                    },
                    **unchanged(conversation, conversations.IDENTITY),  # type: ignore[typeddict-item]
                }
            },
            {
                "Put": {
                    "TableName": self.insights.table,
                    "Item": mark_item(conversation_id, generation, ends_at),
                    **unchanged(insight, insight_item.IDENTITY),  # type: ignore[typeddict-item]
                }
            },
        ]

    def _counted_out(self, conversation_id: str, insight: Item) -> list[TransactWriteItemTypeDef]:
        """Return the writes that take an insight out of the counters, as far as it can be read."""
        if not _is_there(insight):
            return []
        tally = parsed_or_none(tally_of, insight, "conversation_id")
        if tally is None:
            return []
        shard = shard_of(conversation_id, self.trends.shards)
        taken = trends.total([trends.counters(tally, shard, sign=-1)])
        return [{"Update": update} for update in self.trends.updates(taken)]


def _is_there(item: Item) -> bool:
    """Whether there is an item that is no mark."""
    return bool(item) and not is_mark(item) and "erased" not in item


def _generation(item: Item, unknown: int) -> int:
    """Return the generation of an item or a mark; 0 where there is none."""
    name = "erased" if is_mark(item) else "generation"
    if name not in item:
        return unknown if item else 0
    found = item[name].get("N", "")
    return int(found) if found.isdigit() and int(found) < MAX_GENERATION else unknown
