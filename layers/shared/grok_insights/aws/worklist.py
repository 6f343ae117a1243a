"""Reads the conversations and insights of a batch of messages, and selects those to analyse."""

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
    REWORK,
    REWORK_NAMES,
    Counted,
    counted_of,
    is_mark,
    valid_document,
)
from grok_insights.aws.ledger import Entry, Rework
from grok_insights.domain.events import Reason
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
    """A conversation to analyse, and the stored insight that the new insight replaces.

    ``rework`` is set if a job replaces it.
    """

    message: Message
    conversation: Conversation
    replaces: Counted | None = None
    rework: Rework | None = None

    def entry(self, insight: Insight) -> Entry:
        """Return the ledger's entry for an insight of this conversation."""
        return Entry(insight, self.conversation.lifetime, self.replaces, self.rework)


@dataclass(frozen=True, slots=True)
class Todo:
    """What is to be done for a batch.

    ``given_up`` are messages that were delivered again after their failed insight was saved, with
    its error code: the function may have ended before it sent the dead letter. ``unreadable`` are
    messages whose conversation or insight is damaged. They must be delivered again, until SQS
    moves them to the dead-letter queue. ``skipped`` are messages of jobs whose insight was replaced
    or erased after it was selected, also by the job itself.
    """

    works: list[Work] = field(default_factory=list)
    given_up: list[tuple[Message, str]] = field(default_factory=list)
    unreadable: list[Message] = field(default_factory=list)
    skipped: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Worklist:
    """Reads the Conversations table and the Insights table in the same request."""

    batch_get: BatchGet
    conversations: Conversations
    insights: Insights
    now: Callable[[], datetime]

    def read(self, messages: Sequence[Message]) -> Todo:
        """Return what is to be done for some messages, once for each conversation.

        A conversation that has an insight is left out, unless the insight is a failed one and the
        message was redriven after it. A conversation that does not exist is left out too: it was
        erased or has expired, since a message is sent only after its text was stored. A message
        about another generation than the stored one is also left out: the stored generation has
        its own messages.
        """
        by_id: defaultdict[str, list[Message]] = defaultdict(list)
        for message in messages:
            by_id[message.conversation_id].append(message)
        todo = Todo()
        responses = concurrent.each(self._items, chunks(by_id, MAX_KEYS // 2))
        for conversations, insights in responses:
            for identity, item in conversations.items():
                insight = insights.get(identity)
                usual = [message for message in by_id[identity] if not message.job]
                if not usual or not _sort(usual, item, insight, self.now(), todo):
                    reworks = [message for message in by_id[identity] if message.job]
                    _sort_reworks(reworks, item, insight, self.now(), todo)
                by_id.pop(identity)
        unknown = [message for messages in by_id.values() for message in messages]
        todo.skipped.extend(message for message in unknown if message.job)
        return todo

    def _items(self, ids: list[str]) -> tuple[dict[str, Item], dict[str, Item]]:
        """Return the items of conversations and of insights, each by id, in one request."""
        items = self.batch_get(
            {
                self.conversations.table: {"Keys": self.conversations.keys(ids)},
                self.insights.table: {
                    "Keys": self.insights.keys(ids),
                    "ProjectionExpression": f"{COUNTED}, {FAILURE}, {REWORK}",
                    "ExpressionAttributeNames": REWORK_NAMES,
                },
            }
        )
        conversations = {item["id"]["S"]: item for item in items[self.conversations.table]}
        insights = {
            item["conversation_id"]["S"]: item
            for item in items[self.insights.table]
            if not is_mark(item)
        }
        return conversations, insights


def _sort(
    messages: Iterable[Message], item: Item, insight: Item | None, now: datetime, todo: Todo
) -> bool:
    """Add the messages of one conversation to what is to be done.

    Return whether the conversation is analysed.
    """
    if "erased" in item:
        return False
    conversation = parsed_or_none(from_item, item, "id")
    counted = parsed_or_none(counted_of, insight, "conversation_id") if insight else None
    if conversation is None or (insight and not counted):
        todo.unreadable.extend(messages)
        return False
    matching = [message for message in messages if _is_about(message, conversation)]
    if not matching or conversation.lifetime.expires_at <= now:
        return False
    message = max(matching, key=lambda match: (match.redrives, match.attempt))
    if counted is None or _may_replace(message, conversation, counted):
        todo.works.append(Work(message, conversation, counted))
        return True
    if _is_its_own_failure(message, counted):
        todo.given_up.append((message, counted.error_code))
    return False


def _sort_reworks(
    messages: Iterable[Message], item: Item, insight: Item | None, now: datetime, todo: Todo
) -> None:
    """Add the messages of jobs about one conversation: one of them is processed."""
    for message in messages:
        work = None if "erased" in item else _rework(message, item, insight, now)
        if work is None:
            todo.skipped.append(message)
        elif not any(one.conversation.id == work.conversation.id for one in todo.works):
            todo.works.append(work)


def _rework(message: Message, item: Item, insight: Item | None, now: datetime) -> Work | None:
    """Return the work of a job's message; None if its insight is not the one that was selected."""
    conversation = parsed_or_none(from_item, item, "id")
    counted = parsed_or_none(counted_of, insight, "conversation_id") if insight else None
    if conversation is None or insight is None or counted is None:
        return None
    document = parsed_or_none(valid_document, insight, "conversation_id")
    is_selected = (
        _is_about(message, conversation)
        and counted.generation == conversation.lifetime.generation
        and counted.revision == message.revision
        and conversation.lifetime.expires_at > now
    )
    if document is None or not is_selected:
        return None
    return Work(message, conversation, counted, Rework(message.job, Reason.REANALYSIS, document))


def _is_about(message: Message, conversation: Conversation) -> bool:
    return message.generation in {None, conversation.lifetime.generation}


def _may_replace(message: Message, conversation: Conversation, insight: Counted) -> bool:
    """Return whether an insight is of an earlier conversation, or failed and was redriven."""
    if insight.generation < conversation.lifetime.generation:
        return True
    return insight.status is Status.FAILED and message.redrives > insight.redrives


def _is_its_own_failure(message: Message, insight: Counted) -> bool:
    """Return whether this message made the last attempt: its dead letter may be missing."""
    return (
        insight.gave_up
        and message.redrives == insight.redrives
        and message.attempt >= insight.attempts
    )
