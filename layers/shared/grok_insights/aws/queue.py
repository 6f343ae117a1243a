"""The analysis queue. Each message contains the id of a conversation to analyse, and no text."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from grok_insights.aws import concurrent
from grok_insights.aws.concurrent import chunks
from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.domain import timestamps
from grok_insights.domain.conversation import MAX_GENERATION
from grok_insights.flow.backoff import MAX_DELAY_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

MAX_ENTRIES: Final = 10
"""The largest number of messages in one SendMessageBatch request."""

OPTIONAL_FIELDS: Final = (
    "generation",
    "redrives",
    "repeated_last_attempt",
    "unsaved",
    "suspected",
    "known_error",
    "job",
    "revision",
)
"""Fields of a message that are left out of the body if they have their default."""

DEPTH_MAX_AGE_SECONDS: Final = 2.0
"""How long the depth is cached. SQS itself counts only approximately."""

MAX_COUNT: Final = 1_000
"""The largest number of attempts and redrives of a message. The setting allows 100 attempts."""

MAX_CODE_CHARS: Final = 64

MAX_REVISION: Final = 10**9

FIRST_INSTANT: Final = datetime(2020, 1, 1, tzinfo=UTC)

UUID_TEXT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class DeadLetterReason(NamedTuple):
    """Why a message is a dead letter: a code for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Message:
    """One conversation that waits for its analysis.

    Attributes
    ----------
    attempt : int
        The number of the next attempt, from 1. It grows only after a call to Grok that failed.
    enqueued_at : datetime
        When the client's request was accepted. It stays the same when the message is sent again.
    redrives : int
        How often the message was redriven from the dead-letter queue. It may replace a failed
        insight with fewer redrives.
    repeated_last_attempt : int
        How often the last attempt was repeated because it had failed during an outage.
    unsaved : int
        How often its insight could not be saved.
    suspected : int
        1 if the conversation may be what ends the function, so that it is analysed alone.
    known_error : str
        The code of the error with which the conversation paused all calls.
    generation : int | None
        The generation of the conversation. None means the stored one, whichever it is.
    job : str
        The id of the job that analyses the conversation again; empty for a new conversation.
    revision : int
        The revision of the insight that the job replaces.
    """

    conversation_id: str
    attempt: int
    enqueued_at: datetime
    redrives: int = 0
    repeated_last_attempt: int = 0
    unsaved: int = 0
    suspected: int = 0
    known_error: str = ""
    receives: int = field(default=1, compare=False)
    """How often SQS has delivered the message, including this time: more than 1 after a crash."""
    generation: int | None = None
    job: str = ""
    revision: int = 0

    def to_body(self, error: DeadLetterReason | None = None) -> str:
        """Return the message as JSON. ``error`` is the reason of a dead letter."""
        fields: dict[str, Any] = {
            "conversation_id": self.conversation_id,
            "attempt": self.attempt,
            "enqueued_at": timestamps.to_text(self.enqueued_at),
        }
        optional = {name: getattr(self, name) for name in OPTIONAL_FIELDS}
        fields |= {name: value for name, value in optional.items() if value}
        if error is not None:
            fields["error"] = error._asdict()
        return json.dumps(fields)

    @classmethod
    def from_body(cls, body: str, receives: int = 1) -> Self:
        """Return the message of a body. ``receives`` is how often SQS has delivered it.

        Raises
        ------
        ValueError
            The body is not one that `to_body` makes, or a number or time is out of range. The
            error message does not quote the body.
        """
        fields = _json_object(body)
        has_generation = "generation" in fields
        return cls(
            conversation_id=_identity(fields.get("conversation_id")),
            attempt=_whole_number(fields.get("attempt"), 1, MAX_COUNT),
            enqueued_at=_enqueued_at(fields.get("enqueued_at")),
            redrives=_whole_number(fields.get("redrives", 0), 0, MAX_COUNT),
            repeated_last_attempt=_whole_number(
                fields.get("repeated_last_attempt", 0), 0, MAX_COUNT
            ),
            unsaved=_whole_number(fields.get("unsaved", 0), 0, MAX_COUNT),
            suspected=_whole_number(fields.get("suspected", 0), 0, 1),
            known_error=_error_code(fields.get("known_error", "")),
            receives=receives,
            generation=_whole_number(fields["generation"], 1, MAX_GENERATION)
            if has_generation
            else None,
            job=_identity(fields["job"]) if "job" in fields else "",
            revision=_whole_number(fields.get("revision", 0), 0, MAX_REVISION),
        )


def _json_object(body: str) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one kind of error for all bodies
    return fields


def _identity(value: object) -> str:
    if not isinstance(value, str) or not UUID_TEXT.fullmatch(value):
        raise ValueError("an id is not a UUID")
    return value


def _whole_number(value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"not a whole number from {least} to {most}")
    return value


def _error_code(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_CODE_CHARS:
        raise ValueError("known_error is not an error code")
    return value


def _enqueued_at(value: object) -> datetime:
    """Return the time in UTC. The first and last days of the calendar may have no time in UTC."""
    try:
        instant = timestamps.from_text(str(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("enqueued_at is not a timestamp") from None
    if instant < FIRST_INSTANT:
        raise ValueError("enqueued_at is before 2020")
    return instant


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to send, with its delay. ``error`` is the reason of a dead letter."""

    message: Message
    delay_seconds: int = 0
    error: DeadLetterReason | None = None


@dataclass(slots=True)
class _CachedDepth:
    depth: int = 0
    at: float = float("-inf")


@dataclass(frozen=True, slots=True)
class AnalysisQueue:
    """The queue."""

    client: SQSClient
    url: str
    monotonic: Callable[[], float] = time.monotonic
    _cached: _CachedDepth = field(default_factory=_CachedDepth)

    def send(self, messages: Sequence[Message], *, delay_seconds: int = 0) -> set[str]:
        """Send messages in concurrent requests, and return the ids of those that were not sent.

        The messages of a failed request count as not sent, although SQS may have accepted them.
        A message may then be delivered twice, which does no harm.
        """
        return self.send_each([OutgoingMessage(message, delay_seconds) for message in messages])

    def send_each(self, outgoing: Sequence[OutgoingMessage]) -> set[str]:
        """Send messages, each with its own delay. Return the ids of those that were not sent."""
        unsent = set[str]().union(*concurrent.each(self._send_batch, chunks(outgoing, MAX_ENTRIES)))
        self._cached.depth += len(outgoing) - len(unsent)
        return unsent

    def _send_batch(self, batch: list[OutgoingMessage]) -> set[str]:
        entries = list(_entries(batch))
        try:
            response = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
        except AWS_FAILURES:
            return {outgoing.message.conversation_id for outgoing in batch}
        failed = response.get("Failed", [])
        return {batch[int(entry["Id"])].message.conversation_id for entry in failed}

    def depth(self) -> int:
        """Return how many messages wait or are delayed, at most two seconds ago.

        Messages that this object has sent since then are added, so that a loop that sends until
        the queue is full sees what it has sent.
        If SQS cannot be read, return the last known depth. Sending then shows what is wrong.
        """
        if self.monotonic() - self._cached.at >= DEPTH_MAX_AGE_SECONDS:
            with suppress(*AWS_FAILURES):
                self._cached.depth = self.present_depth()
            self._cached.at = self.monotonic()
        return self._cached.depth

    def in_flight(self) -> int:
        """Return about how many messages are received and not deleted yet.

        Raises
        ------
        ClientError, BotoCoreError
            The request failed.
        """
        name: Final = "ApproximateNumberOfMessagesNotVisible"
        response = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])
        return int(response["Attributes"][name])

    def present_depth(self) -> int:
        """Return about how many messages wait or are delayed now.

        Raises
        ------
        ClientError, BotoCoreError
            The request failed.
        """
        response = self.client.get_queue_attributes(
            QueueUrl=self.url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )
        return sum(int(number) for number in response["Attributes"].values())


def _entries(batch: Iterable[OutgoingMessage]) -> Iterator[SendMessageBatchRequestEntryTypeDef]:
    for index, outgoing in enumerate(batch):
        yield {
            "Id": str(index),
            "MessageBody": outgoing.message.to_body(outgoing.error),
            "DelaySeconds": min(outgoing.delay_seconds, MAX_DELAY_SECONDS),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in (outgoing.error._asdict() if outgoing.error else {}).items()
            },
        }
