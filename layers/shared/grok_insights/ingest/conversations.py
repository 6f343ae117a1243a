"""Conversations come in: stored once, put into the queue, and only then confirmed.

And they are taken out again: this is the one use case that writes to the Conversations table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from pydantic import ValidationError

from grok_insights.aws.queue import Message
from grok_insights.domain.conversation import (
    Conversation,
    ConversationStatus,
    NewConversation,
    conversation_id,
)
from grok_insights.errors import (
    Conflict,
    Fault,
    InvalidRequest,
    NotFound,
    RequestError,
    Unavailable,
)
from grok_insights.validation import faults_of

if TYPE_CHECKING:
    from grok_insights.aws.conversations import Conversations
    from grok_insights.aws.erasure import Erasure
    from grok_insights.aws.insights.table import Insights
    from grok_insights.aws.queue import AnalysisQueue

RETRY_AFTER_SECONDS: Final = 30

REPAIR_DELAY_SECONDS: Final = 10
"""How long a message is held back that may be a second one: by then the first one has mostly been
analysed, and the second is dropped without asking Grok."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A conversation that is stored and has, or had, its message."""

    conversation: Conversation
    status: ConversationStatus


Outcome = Accepted | RequestError
"""What became of one conversation: it was accepted, or why it was not."""


@dataclass(frozen=True, slots=True)
class Ingest:
    """The use case."""

    conversations: Conversations
    insights: Insights
    queue: AnalysisQueue
    erasure: Erasure
    max_text_chars: int
    max_queue_depth: int
    now: Callable[[], datetime]
    random_id: Callable[[], UUID]

    def one(self, new: NewConversation) -> Accepted:
        """Accept one conversation.

        Raises
        ------
        RequestError
            It was not accepted; sending it again is safe.
        """
        self._refuse_when_full(1)
        [outcome] = self._accept([self._checked(new, "body.text")])
        if isinstance(outcome, RequestError):
            raise outcome
        return outcome

    def many(self, items: Sequence[Any]) -> list[Outcome]:
        """Accept each of many items, in their order; a bad one does not refuse the others.

        Raises
        ------
        Unavailable
            None was accepted: too many conversations wait, or the queue takes none.
        """
        self._refuse_when_full(len(items))
        outcomes = self._accept([self._read(item) for item in items])
        if outcomes and all(isinstance(outcome, Unavailable) for outcome in outcomes):
            raise _queue_is_down()
        return outcomes

    def erase(self, conversation_id: str) -> None:
        """Take a conversation out again, with its insight and its share of the counters.

        A message that still waits for it is dropped when its turn comes.

        Raises
        ------
        NotFound
            There is no such conversation.
        """
        if not self.erasure.erase(conversation_id):
            raise NotFound("there is no conversation with this id")

    def _refuse_when_full(self, more: int) -> None:
        if self.queue.depth() + more > self.max_queue_depth:
            raise Unavailable(
                "too many conversations wait to be analysed",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )

    def _read(self, item: Any) -> Conversation | RequestError:
        try:
            return self._checked(NewConversation.model_validate(item), "text")
        except ValidationError as error:
            faults = faults_of(error.errors(include_url=False, include_input=False))
            return InvalidRequest("the conversation is not valid", faults=faults)
        except RequestError as error:
            return error

    def _checked(self, new: NewConversation, location: str) -> Conversation:
        if len(new.text) > self.max_text_chars:
            fault = Fault(location, f"must have at most {self.max_text_chars} characters")
            raise InvalidRequest("the conversation is not valid", faults=(fault,))
        return Conversation(
            id=conversation_id(new.external_id, self.random_id),
            text=new.text,
            created_at=self.now(),
            external_id=new.external_id,
            metadata=new.metadata,
        )

    def _accept(self, read: Sequence[Conversation | RequestError]) -> list[Outcome]:
        wanted: dict[str, Conversation] = {}
        for one in read:
            if isinstance(one, Conversation):
                wanted.setdefault(one.id, one)
        existing = self.conversations.add(wanted.values())
        stored = wanted | existing
        statuses = self._enqueue([key for key in wanted if key not in existing], existing)
        return [
            one
            if isinstance(one, RequestError)
            else _outcome(one, stored[one.id], statuses.get(one.id))
            for one in read
        ]

    def _enqueue(self, fresh: Sequence[str], existing: dict[str, Conversation]) -> dict[str, str]:
        """Give each conversation its message, and return the status of those that have or had one.

        Nothing proves that the message of a conversation that stood there already was ever sent:
        the function may have died in between. So it is sent once more, and that is noted.
        """
        statuses = self.insights.statuses(existing)
        waiting = [one for one in existing.values() if one.id not in statuses]
        unproven = [one.id for one in waiting if one.enqueued_at is None]
        lost = self._send(fresh, 0) | self._send(unproven, REPAIR_DELAY_SECONDS)
        self.conversations.mark_enqueued(set(unproven) - lost, self.now())
        sent = {*fresh, *(one.id for one in waiting)} - lost
        return statuses | dict.fromkeys(sent, ConversationStatus.ENQUEUED)

    def _send(self, conversation_ids: Iterable[str], delay_seconds: int) -> set[str]:
        now = self.now()
        messages = [Message(one, attempt=1, enqueued_at=now) for one in conversation_ids]
        return self.queue.send(messages, delay_seconds=delay_seconds)


def _outcome(asked: Conversation, stored: Conversation, status: str | None) -> Outcome:
    if asked.text != stored.text:
        return Conflict("this external_id belongs to a conversation with another text")
    if status is None:
        return _queue_is_down()
    return Accepted(stored, ConversationStatus(status))


def _queue_is_down() -> Unavailable:
    return Unavailable(
        "the conversation could not be put into the queue; send it again", retry_after_seconds=1
    )
