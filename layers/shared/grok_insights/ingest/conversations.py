"""Conversations come in: stored once, put into the queue, and only then confirmed.

And they are taken out again: this is the one use case that writes to the Conversations table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from pydantic import ValidationError

from grok_insights.aws import concurrent
from grok_insights.aws.failures import AWS_FAILURES
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
from grok_insights.telemetry import logger
from grok_insights.validation import faults_of

if TYPE_CHECKING:
    from grok_insights.aws.conversations import Added, Conversations
    from grok_insights.aws.erasure import Erasure
    from grok_insights.aws.insights.table import Insights
    from grok_insights.aws.queue import AnalysisQueue

RETRY_AFTER_SECONDS: Final = 30

REPAIR_DELAY_SECONDS: Final = 10
"""How long a message is held back that may be a second one: by then the first one has mostly been
analysed, and the second is dropped without asking Grok."""

PROOF_SECONDS: Final = 3_600
"""How long it counts as proven that a message is in the queue: it may be lost later."""


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
            None was accepted: too many conversations wait, or neither table nor queue takes any.
        """
        self._refuse_when_full(len(items))
        outcomes = self._accept([self._read(item) for item in items])
        refusals = [outcome for outcome in outcomes if isinstance(outcome, Unavailable)]
        if refusals and len(refusals) == len(outcomes):
            raise refusals[0]
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
        added = self.conversations.add(wanted.values())
        statuses = self._enqueue(added)
        return [
            one if isinstance(one, RequestError) else _outcome(one, added, statuses) for one in read
        ]

    def _enqueue(self, added: Added) -> dict[str, str]:
        """Give each conversation its message, and return the status of those that have or had one.

        New ones come first, so that nothing that goes wrong with the others leaves a text behind
        without a message.
        """
        lost = self._send(added.stored.values(), 0)
        self._withdraw(added.stored[key] for key in lost)
        sent = dict.fromkeys(added.stored.keys() - lost, str(ConversationStatus.ENQUEUED))
        try:
            return sent | self._repaired(added.existing)
        except (*AWS_FAILURES, TimeoutError):
            logger.exception("it is not known whether repeated conversations have a message")
            return sent

    def _repaired(self, existing: dict[str, Conversation]) -> dict[str, str]:
        """Return the status of conversations that stood there already, each with its message.

        Nothing proves that the message of one that waits was ever sent, or was not lost since: the
        function may have died in between. So it is sent once more, and that is noted. It is sent
        again only after an hour, so that a client that repeats itself does not flood the queue.
        """
        statuses = self.insights.statuses(existing.values())
        waiting = [one for one in existing.values() if one.id not in statuses]
        unproven = [one for one in waiting if self._is_unproven(one)]
        lost = self._send(unproven, REPAIR_DELAY_SECONDS)
        proven = [one for one in unproven if one.id not in lost]
        self.conversations.mark_enqueued(proven, self.now())
        sent = (one.id for one in waiting if one.id not in lost)
        return statuses | dict.fromkeys(sent, str(ConversationStatus.ENQUEUED))

    def _is_unproven(self, conversation: Conversation) -> bool:
        at = conversation.enqueued_at
        return at is None or self.now() - at >= timedelta(seconds=PROOF_SECONDS)

    def _send(self, conversations: Iterable[Conversation], delay_seconds: int) -> set[str]:
        now = self.now()
        messages = [
            Message(one.id, attempt=1, enqueued_at=now, generation=one.lifetime.generation)
            for one in conversations
        ]
        return self.queue.send(messages, delay_seconds=delay_seconds)

    def _withdraw(self, unsent: Iterable[Conversation]) -> None:
        """Erase new conversations without a message, where the client cannot name them again.

        One with an ``external_id`` stays: sending it again gives it its message, and another
        request may have done so already.
        """
        nameless = [one.id for one in unsent if one.external_id is None]
        try:
            concurrent.each(self.erasure.erase, nameless)
        except (*AWS_FAILURES, TimeoutError):
            logger.exception("texts without a message stay until they expire")


def _outcome(asked: Conversation, added: Added, statuses: dict[str, str]) -> Outcome:
    if asked.id in added.invalid:
        fault = Fault("text", "cannot be stored")
        return InvalidRequest("the conversation is not valid", faults=(fault,))
    if asked.id in added.unreadable:
        return Conflict(
            "what is stored under this external_id is damaged; DELETE it, and send it again"
        )
    stored = added.stored.get(asked.id) or added.existing.get(asked.id)
    if stored is None:
        return Unavailable(
            "the conversation could not be stored; send it again", retry_after_seconds=1
        )
    if asked.text != stored.text:
        return Conflict("this external_id belongs to a conversation with another text")
    status = statuses.get(asked.id)
    if status is None:
        return _queue_is_down()
    return Accepted(stored, ConversationStatus(status))


def _queue_is_down() -> Unavailable:
    return Unavailable(
        "the conversation could not be put into the queue; send it again", retry_after_seconds=1
    )
