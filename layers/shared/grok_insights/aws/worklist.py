"""What a batch of messages still asks for: texts and existing insights, in one read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grok_insights.aws import side_by_side
from grok_insights.aws.batch_get import MAX_KEYS, BatchGet
from grok_insights.aws.conversations import Conversations, from_item
from grok_insights.aws.insights import TALLIED, Insights, is_mark, tally_of
from grok_insights.aws.items import chunks
from grok_insights.domain.insight import Status

if TYPE_CHECKING:
    from grok_insights.aws.items import Item
    from grok_insights.aws.queue import Message
    from grok_insights.domain.conversation import Conversation
    from grok_insights.domain.insight import Tally


@dataclass(frozen=True, slots=True)
class Work:
    """A conversation to be analysed, and what the failed insight that it has by now counts for."""

    message: Message
    conversation: Conversation
    failed: Tally | None


@dataclass(frozen=True, slots=True)
class Worklist:
    """Reads the Conversations and the Insights table side by side."""

    batch_get: BatchGet
    conversations: Conversations
    insights: Insights

    def read(self, messages: Sequence[Message]) -> list[Work]:
        """The work behind some messages, one a conversation.

        A conversation that has its completed insight drops out, and so does one that is not there:
        it was deleted, since a message is sent only after its text was stored.
        """
        by_id = {message.conversation_id: message for message in messages}
        runs = side_by_side.each(self._read, chunks(by_id.values(), MAX_KEYS // 2))
        return [work for run in runs for work in run]

    def _read(self, messages: list[Message]) -> list[Work]:
        ids = [message.conversation_id for message in messages]
        found = self.batch_get(
            {
                self.conversations.table: {"Keys": self.conversations.keys(ids)},
                self.insights.table: {
                    "Keys": self.insights.keys(ids),
                    "ProjectionExpression": f"conversation_id, {TALLIED}",
                    "ExpressionAttributeNames": {"#status": "status", "#kind": "kind"},
                },
            }
        )
        texts = {item["id"]["S"]: from_item(item) for item in found[self.conversations.table]}
        insights = {
            item["conversation_id"]["S"]: item
            for item in found[self.insights.table]
            if not is_mark(item)
        }
        return [
            Work(message, texts[message.conversation_id], _tally(insights, message))
            for message in messages
            if message.conversation_id in texts
            and not _is_completed(insights.get(message.conversation_id))
        ]


def _is_completed(item: Item | None) -> bool:
    return item is not None and item["status"]["S"] == Status.COMPLETED


def _tally(insights: dict[str, Item], message: Message) -> Tally | None:
    item = insights.get(message.conversation_id)
    return None if item is None else tally_of(item)
