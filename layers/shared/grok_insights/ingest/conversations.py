"""Accepts conversations: stores each once and enqueues it before the response. Also erases them.

This is the only use case that writes to the Conversations table.
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
    conversation_id,
    named_id,
)
from grok_insights.domain.new_conversation import NewConversation
from grok_insights.errors import (
    Conflict,
    Erased,
    Fault,
    InvalidRequest,
    NotFound,
    RequestError,
    Unavailable,
)
from grok_insights.ingest.checking import checked
from grok_insights.telemetry import logger
from grok_insights.validation import faults_of

if TYPE_CHECKING:
    from grok_insights.aws.conversations import Added, Conversations
    from grok_insights.aws.erasure import Erasure
    from grok_insights.aws.insights.table import Insights
    from grok_insights.aws.queue import AnalysisQueue
    from grok_insights.domain.preview import NewPreview
    from grok_insights.ingest.alerts import ChangeAlertRules
    from grok_insights.ingest.profiles import ChangeProfile
    from grok_insights.ingest.retry import RetryAnalysis

FULL_RETRY_AFTER_SECONDS: Final = 30

REPAIR_DELAY_SECONDS: Final = 10
"""Delay of a message that may be a duplicate. After it, the first message has usually been
processed, and the duplicate is dropped without a call to Grok."""

PROOF_SECONDS: Final = 3_600
"""How long a note that a message is in the queue is valid, since the message may be lost later."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A conversation that is stored, and whose message was sent.

    ``is_new`` is False if it was stored by an earlier request.
    """

    conversation: Conversation
    status: ConversationStatus
    is_new: bool = True


Outcome = Accepted | RequestError
"""The outcome of one conversation: it was accepted, or the error."""


@dataclass(frozen=True, slots=True)
class Ingest:
    """The use case."""

    conversations: Conversations
    insights: Insights
    queue: AnalysisQueue
    erasure: Erasure
    profile: ChangeProfile
    alert_rules: ChangeAlertRules
    retry: RetryAnalysis
    preview: Callable[[NewPreview], dict[str, Any]]
    max_text_chars: int
    max_queue_depth: int
    now: Callable[[], datetime]
    random_id: Callable[[], UUID]

    def one(self, new: NewConversation) -> Accepted:
        """Accept one conversation.

        Raises
        ------
        RequestError
            It was not accepted. It may be sent again.
        """
        self._refuse_when_full(1)
        [outcome] = self._accept([self._checked(new, "body.")])
        if isinstance(outcome, RequestError):
            raise outcome
        return outcome

    def many(self, items: Sequence[Any], ids: Sequence[UUID] | None = None) -> list[Outcome]:
        """Accept many items, and return their outcomes in order. Each item is checked separately.

        ``ids`` are given by an import: the ids of its items without an ``external_id``, so that it
        can send them again. An import does not restore conversations that were erased.

        Raises
        ------
        Unavailable
            None was accepted: too many conversations wait, or the table or the queue fails.
        """
        self._refuse_when_full(len(items))
        given: Sequence[UUID | None] = ids or [None] * len(items)
        read = [self._read(item, one) for item, one in zip(items, given, strict=True)]
        outcomes = self._accept(read, is_import=ids is not None)
        refusals = [outcome for outcome in outcomes if isinstance(outcome, Unavailable)]
        if refusals and len(refusals) == len(outcomes):
            raise refusals[0]
        return outcomes

    def erase(self, conversation_id: str) -> None:
        """Erase a conversation, its insight and its share of the counters.

        A message about it that is still in the queue is dropped when it is received.

        Raises
        ------
        NotFound
            There is no such conversation.
        """
        if not self.erasure.erase(conversation_id):
            raise NotFound("there is no conversation with this id")

    def erase_named(self, external_id: str) -> None:
        """Erase the conversation with an ``external_id``, like `erase`.

        Raises
        ------
        NotFound
            There is no such conversation.
        """
        if not self.erasure.erase(named_id(external_id)):
            raise NotFound("there is no conversation with this external_id")

    def _refuse_when_full(self, more: int) -> None:
        if self.queue.depth() + more > self.max_queue_depth:
            raise Unavailable(
                "too many conversations wait to be analysed",
                retry_after_seconds=FULL_RETRY_AFTER_SECONDS,
            )

    def _read(self, item: Any, given_id: UUID | None) -> Conversation | RequestError:
        try:
            return self._checked(NewConversation.model_validate(item), "", given_id)
        except ValidationError as error:
            faults = faults_of(error.errors(include_url=False, include_input=False))
            return InvalidRequest("the conversation is not valid", faults=faults)
        except RequestError as error:
            return error

    def _checked(
        self, new: NewConversation, parent: str, given_id: UUID | None = None
    ) -> Conversation:
        identity = conversation_id(new.external_id, lambda: given_id or self.random_id())
        return checked(new, parent, identity, max_text_chars=self.max_text_chars, now=self.now())

    def _accept(
        self, items: Sequence[Conversation | RequestError], *, is_import: bool = False
    ) -> list[Outcome]:
        conversations: dict[str, Conversation] = {}
        for item in items:
            if isinstance(item, Conversation):
                conversations.setdefault(item.id, item)
        added = self.conversations.add(conversations.values(), restores=not is_import)
        statuses = self._enqueue(added, withdraws=not is_import)
        return [
            item if isinstance(item, RequestError) else _ingest_outcome(item, added, statuses)
            for item in items
        ]

    def _enqueue(self, added: Added, *, withdraws: bool) -> dict[str, str]:
        """Send the messages of conversations, and return the statuses by id.

        A conversation whose message could not be sent has no status. New conversations come first,
        so that an error with existing ones leaves no new text without a message.
        """
        unsent = self._send(added.stored.values(), 0)
        if withdraws:
            self._withdraw(added.stored[identity] for identity in unsent)
        statuses = dict.fromkeys(added.stored.keys() - unsent, str(ConversationStatus.ENQUEUED))
        try:
            return statuses | self._send_missing(added.existing)
        except (*AWS_FAILURES, TimeoutError):
            logger.exception("it is not known whether repeated conversations have a message")
            return statuses

    def _send_missing(self, existing: dict[str, Conversation]) -> dict[str, str]:
        """Return the statuses of existing conversations, and send messages that may be missing.

        The message of a waiting conversation may never have been sent, because the function ended
        before, or may have been lost. So it is sent again, and the time is noted. It is sent again
        only after an hour, so that a client that repeats a request does not fill the queue.
        """
        statuses = self.insights.statuses(existing.values())
        waiting = [one for one in existing.values() if one.id not in statuses]
        unproven = [one for one in waiting if self._is_unproven(one)]
        unsent = self._send(unproven, REPAIR_DELAY_SECONDS)
        proven = [one for one in unproven if one.id not in unsent]
        self.conversations.mark_enqueued(proven, self.now())
        enqueued = (one.id for one in waiting if one.id not in unsent)
        return statuses | dict.fromkeys(enqueued, str(ConversationStatus.ENQUEUED))

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
        """Erase new conversations without a message that the client cannot send again.

        A conversation with an ``external_id`` stays: if it is sent again, its message is sent too,
        and another request may have done so already.
        """
        without_external_id = [one.id for one in unsent if one.external_id is None]
        try:
            concurrent.each(self.erasure.erase, without_external_id)
        except (*AWS_FAILURES, TimeoutError):
            logger.exception("conversations without a message could not be erased")


def _ingest_outcome(asked: Conversation, added: Added, statuses: dict[str, str]) -> Outcome:
    if (refusal := _refusal(asked, added)) is not None:
        return refusal
    stored = added.stored.get(asked.id) or added.existing.get(asked.id)
    if stored is None:
        return Unavailable(
            "the conversation could not be stored; send it again", retry_after_seconds=1
        )
    if not asked.has_same_content(stored):
        return Conflict("this external_id belongs to a conversation with other content")
    status = statuses.get(asked.id)
    if status is None:
        return _not_enqueued()
    return Accepted(stored, ConversationStatus(status), is_new=asked.id in added.stored)


def _refusal(asked: Conversation, added: Added) -> RequestError | None:
    """Return why the table will not accept a conversation; None if it may."""
    if asked.id in added.invalid:
        fault = Fault("messages" if asked.turns else "text", "cannot be stored")
        return InvalidRequest("the conversation is not valid", faults=(fault,))
    if asked.id in added.erased:
        return Erased("the conversation was erased")
    if asked.id in added.unreadable:
        return Conflict(
            "the stored conversation with this external_id is damaged; DELETE it and send it again"
        )
    return None


def _not_enqueued() -> Unavailable:
    return Unavailable(
        "the conversation could not be put into the queue; send it again", retry_after_seconds=1
    )
