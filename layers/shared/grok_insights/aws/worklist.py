"""What a batch of messages still asks for: texts and existing insights, in one read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grok_insights.aws import concurrent
from grok_insights.aws.concurrent import chunks
from grok_insights.aws.conversations import Conversations, from_item
from grok_insights.aws.dynamodb.attributes import number_of, text_of
from grok_insights.aws.dynamodb.batch_get import MAX_KEYS, BatchGet
from grok_insights.aws.insights.table import FAILURE, TALLIED, Insights, is_mark, tally_of
from grok_insights.domain.insight import Status

if TYPE_CHECKING:
    from grok_insights.aws.dynamodb.attributes import Item
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
class Todo:
    """What a batch asks for.

    ``given_up`` are messages that come once more after their failed insight was saved: the
    function died before the dead letter was sent for sure. The codes say why they failed.
    """

    works: list[Work]
    given_up: list[tuple[Message, str]]


@dataclass(frozen=True, slots=True)
class Worklist:
    """Reads the Conversations and the Insights table side by side."""

    batch_get: BatchGet
    conversations: Conversations
    insights: Insights

    def read(self, messages: Sequence[Message]) -> Todo:
        """The work behind some messages, one a conversation.

        A conversation that has its insight drops out, unless the insight is a failed one and the
        message was sent round again since. So does one that is not there: it was deleted, since a
        message is sent only after its text was stored.
        """
        latest = sorted(messages, key=lambda message: (message.redrives, message.attempt))
        by_id = {message.conversation_id: message for message in latest}
        kept = [message for message in messages if by_id[message.conversation_id] is message]
        todos = concurrent.each(self._read, chunks(kept, MAX_KEYS // 2))
        return Todo(
            [work for todo in todos for work in todo.works],
            [one for todo in todos for one in todo.given_up],
        )

    def _read(self, messages: list[Message]) -> Todo:
        texts, insights = self._items([message.conversation_id for message in messages])
        works: list[Work] = []
        given_up: list[tuple[Message, str]] = []
        for message in messages:
            conversation = texts.get(message.conversation_id)
            item = insights.get(message.conversation_id)
            if conversation is None:
                continue
            if item is None:
                works.append(Work(message, conversation, None))
            elif _may_replace(message, item):
                works.append(Work(message, conversation, tally_of(item)))
            elif _is_its_own_failure(message, item):
                given_up.append((message, text_of(item, "error_code") or ""))
        return Todo(works, given_up)

    def _items(self, ids: list[str]) -> tuple[dict[str, Conversation], dict[str, Item]]:
        """Conversations and the items of insights, each by id, in one request."""
        found = self.batch_get(
            {
                self.conversations.table: {"Keys": self.conversations.keys(ids)},
                self.insights.table: {
                    "Keys": self.insights.keys(ids),
                    "ProjectionExpression": f"conversation_id, {TALLIED}, {FAILURE}",
                    "ExpressionAttributeNames": {"#status": "status", "#kind": "kind"},
                },
            }
        )
        conversations = {
            item["id"]["S"]: from_item(item) for item in found[self.conversations.table]
        }
        insights = {
            item["conversation_id"]["S"]: item
            for item in found[self.insights.table]
            if not is_mark(item)
        }
        return conversations, insights


def _may_replace(message: Message, item: Item) -> bool:
    is_failed = item["status"]["S"] == Status.FAILED
    return is_failed and message.redrives > number_of(item, "redrives")


def _is_its_own_failure(message: Message, item: Item) -> bool:
    """Whether it was this message whose attempts were used up: its dead letter may be missing."""
    return (
        number_of(item, "gave_up") == 1
        and message.redrives == number_of(item, "redrives")
        and message.attempt >= number_of(item, "attempts")
    )
