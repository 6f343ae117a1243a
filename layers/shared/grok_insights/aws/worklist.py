"""What a batch of messages still asks for: texts and existing insights, in one read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.aws import concurrent
from grok_insights.aws.concurrent import chunks
from grok_insights.aws.conversation_item import from_item
from grok_insights.aws.dynamodb.batch_get import MAX_KEYS, BatchGet
from grok_insights.aws.dynamodb.items import parsed_or_none
from grok_insights.aws.insights.item import (
    COUNTED,
    FAILURE,
    NAMES,
    Counted,
    counted_of,
    is_mark,
)
from grok_insights.aws.ledger import Entry
from grok_insights.domain.insight import Status

if TYPE_CHECKING:
    from grok_insights.aws.conversations import Conversations
    from grok_insights.aws.dynamodb.attributes import Item
    from grok_insights.aws.insights.table import Insights
    from grok_insights.aws.queue import Message
    from grok_insights.domain.conversation import Conversation
    from grok_insights.domain.insight import Insight


@dataclass(frozen=True, slots=True)
class Work:
    """A conversation to be analysed, and the stored insight that its insight takes the place of."""

    message: Message
    conversation: Conversation
    replaces: Counted | None = None

    def entry(self, insight: Insight) -> Entry:
        """Return what is to be saved when the conversation has ended in this insight."""
        return Entry(insight, self.conversation.lifetime, self.replaces)


@dataclass(frozen=True, slots=True)
class Todo:
    """What a batch asks for.

    ``given_up`` are messages that come once more after their failed insight was saved: the
    function died before the dead letter was sent for sure. The codes say why they failed.
    ``unreadable`` are messages whose conversation or insight is damaged: they must be delivered
    again, until SQS makes dead letters of them.
    """

    works: list[Work] = field(default_factory=list)
    given_up: list[tuple[Message, str]] = field(default_factory=list)
    unreadable: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Worklist:
    """Reads the Conversations and the Insights table side by side."""

    batch_get: BatchGet
    conversations: Conversations
    insights: Insights
    now: Callable[[], datetime]

    def read(self, messages: Sequence[Message]) -> Todo:
        """The work behind some messages, one a conversation.

        A conversation that has its insight drops out, unless the insight is a failed one and the
        message was sent round again since. So does one that is not there: it was erased or has
        expired, since a message is sent only after its text was stored. A message about another
        generation than the stored one drops out as well: the stored one has messages of its own.
        """
        by_id: defaultdict[str, list[Message]] = defaultdict(list)
        for message in messages:
            by_id[message.conversation_id].append(message)
        todo = Todo()
        found = concurrent.each(self._items, chunks(by_id, MAX_KEYS // 2))
        for conversations, insights in found:
            for identity, item in conversations.items():
                _sort(by_id[identity], item, insights.get(identity), self.now(), todo)
        return todo

    def _items(self, ids: list[str]) -> tuple[dict[str, Item], dict[str, Item]]:
        """The items of conversations and of insights, each by id, in one request."""
        found = self.batch_get(
            {
                self.conversations.table: {"Keys": self.conversations.keys(ids)},
                self.insights.table: {
                    "Keys": self.insights.keys(ids),
                    "ProjectionExpression": f"{COUNTED}, {FAILURE}",
                    "ExpressionAttributeNames": NAMES,
                },
            }
        )
        conversations = {item["id"]["S"]: item for item in found[self.conversations.table]}
        insights = {
            item["conversation_id"]["S"]: item
            for item in found[self.insights.table]
            if not is_mark(item)
        }
        return conversations, insights


def _sort(
    messages: Iterable[Message], item: Item, insight: Item | None, now: datetime, todo: Todo
) -> None:
    """Put the messages of one conversation where they belong."""
    if "erased" in item:
        return
    conversation = parsed_or_none(from_item, item, "id")
    counted = parsed_or_none(counted_of, insight, "conversation_id") if insight else None
    if conversation is None or (insight and not counted):
        todo.unreadable.extend(messages)
        return
    matching = [one for one in messages if _is_about(one, conversation)]
    if not matching or conversation.lifetime.expires_at <= now:
        return
    message = max(matching, key=lambda one: (one.redrives, one.attempt))
    if counted is None or _may_replace(message, conversation, counted):
        todo.works.append(Work(message, conversation, counted))
    elif _is_its_own_failure(message, counted):
        todo.given_up.append((message, counted.error_code))


def _is_about(message: Message, conversation: Conversation) -> bool:
    return message.generation in {None, conversation.lifetime.generation}


def _may_replace(message: Message, conversation: Conversation, insight: Counted) -> bool:
    """Whether an insight is of an earlier conversation, or failed and was sent round again."""
    if insight.generation < conversation.lifetime.generation:
        return True
    return insight.status is Status.FAILED and message.redrives > insight.redrives


def _is_its_own_failure(message: Message, insight: Counted) -> bool:
    """Whether it was this message whose attempts were used up: its dead letter may be missing."""
    return (
        insight.gave_up
        and message.redrives == insight.redrives
        and message.attempt >= insight.attempts
    )
