"""The analysis queue: which conversations wait, as messages that name them and hold no text."""

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
"""Messages one SendMessageBatch takes."""

RARE: Final = (
    "generation",
    "redrives",
    "repeated_last_attempt",
    "unsaved",
    "suspected",
    "known_error",
)
"""Fields of a message that are left out where they say nothing."""

DEPTH_MAX_AGE_SECONDS: Final = 2.0
"""How long a known depth serves: SQS itself counts only approximately."""


MAX_COUNT: Final = 1_000
"""Attempts and redrives that a message has at the most: 100 attempts can be set."""

MAX_CODE_CHARS: Final = 64

FIRST_INSTANT: Final = datetime(2020, 1, 1, tzinfo=UTC)

UUID_TEXT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class DeadLetterReason(NamedTuple):
    """Why a message is a dead letter: a code for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Message:
    """One conversation that waits.

    ``attempt`` counts from 1 and grows only when Grok was asked and failed. ``enqueued_at`` is
    when the client was told that the conversation waits; it survives every re-sending.
    ``redrives`` is how often it came back from the dead-letter queue: such a message may replace
    the failed insight of fewer redrives. ``repeated_last_attempt`` is how often its last attempt
    was repeated, since it had failed together with an outage. ``generation`` is that of the
    conversation that it is about; None means the one that is stored, whichever it is. ``unsaved``
    is how often its insight could not be saved. ``suspected`` is 1 where it may end the function,
    so that it is analysed alone. ``known_error`` is the code of an error with which it stopped all
    calls.
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
    """How often SQS has delivered it, this time included: more than once after a crash."""
    generation: int | None = None

    def to_body(self, error: DeadLetterReason | None = None) -> str:
        """The message as it stands in the queue; a dead letter says why it is one."""
        fields: dict[str, Any] = {
            "conversation_id": self.conversation_id,
            "attempt": self.attempt,
            "enqueued_at": timestamps.to_text(self.enqueued_at),
        }
        rare = {name: getattr(self, name) for name in RARE}
        fields |= {name: value for name, value in rare.items() if value}
        if error is not None:
            fields["error"] = error._asdict()
        return json.dumps(fields)

    @classmethod
    def from_body(cls, body: str, receives: int = 1) -> Self:
        """The message of a body that was delivered so often.

        Raises
        ------
        ValueError
            The body is not one that `to_body` makes, or holds an absurd number or time. Its
            message holds nothing of the body.
        """
        found = _json_object(body)
        has_generation = "generation" in found
        return cls(
            conversation_id=_identity(found.get("conversation_id")),
            attempt=_whole(found.get("attempt"), 1, MAX_COUNT),
            enqueued_at=_instant(found.get("enqueued_at")),
            redrives=_whole(found.get("redrives", 0), 0, MAX_COUNT),
            repeated_last_attempt=_whole(found.get("repeated_last_attempt", 0), 0, MAX_COUNT),
            unsaved=_whole(found.get("unsaved", 0), 0, MAX_COUNT),
            suspected=_whole(found.get("suspected", 0), 0, 1),
            known_error=_code(found.get("known_error", "")),
            receives=receives,
            generation=_whole(found["generation"], 1, MAX_GENERATION) if has_generation else None,
        )


def _json_object(body: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one kind of error for all bodies
    return found


def _identity(value: object) -> str:
    if not isinstance(value, str) or not UUID_TEXT.fullmatch(value):
        raise ValueError("conversation_id is no id")
    return value


def _whole(value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"not a whole number from {least} to {most}")
    return value


def _code(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_CODE_CHARS:
        raise ValueError("known_error is no code")
    return value


def _instant(value: object) -> datetime:
    """The instant in UTC, at which the dates at the ends of the calendar are not representable."""
    try:
        found = timestamps.from_text(str(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("enqueued_at is no instant") from None
    if found < FIRST_INSTANT:
        raise ValueError("enqueued_at is before this product")
    return found


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to be sent, received no sooner than after a delay; ``error`` for a dead one."""

    message: Message
    delay_seconds: int = 0
    error: DeadLetterReason | None = None


@dataclass(slots=True)
class _KnownDepth:
    depth: int = 0
    at: float = float("-inf")


@dataclass(frozen=True, slots=True)
class AnalysisQueue:
    """The queue."""

    client: SQSClient
    url: str
    monotonic: Callable[[], float] = time.monotonic
    _known: _KnownDepth = field(default_factory=_KnownDepth)

    def send(self, messages: Sequence[Message], *, delay_seconds: int = 0) -> set[str]:
        """Send all, side by side, and return the ids of the conversations that were not taken.

        A failed request counts as not taken, though SQS may have taken it: the message then comes
        twice, which the analysis can bear.
        """
        return self.send_each([OutgoingMessage(message, delay_seconds) for message in messages])

    def send_each(self, outgoing: Sequence[OutgoingMessage]) -> set[str]:
        """Send messages, each with its own delay; returns what `send` returns."""
        return set().union(*concurrent.each(self._send_run, chunks(outgoing, MAX_ENTRIES)))

    def _send_run(self, run: list[OutgoingMessage]) -> set[str]:
        try:
            answer = self.client.send_message_batch(QueueUrl=self.url, Entries=list(_entries(run)))
        except AWS_FAILURES:
            return {letter.message.conversation_id for letter in run}
        failed = answer.get("Failed", [])
        return {run[int(one["Id"])].message.conversation_id for one in failed}

    def depth(self) -> int:
        """How many conversations wait or are delayed, at most two seconds ago.

        Where SQS does not say, the depth known last: it is for sending to find out what is wrong.
        """
        if self.monotonic() - self._known.at >= DEPTH_MAX_AGE_SECONDS:
            with suppress(*AWS_FAILURES):
                self._known.depth = self._ask_depth()
            self._known.at = self.monotonic()
        return self._known.depth

    def _ask_depth(self) -> int:
        answer = self.client.get_queue_attributes(
            QueueUrl=self.url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )
        return sum(int(number) for number in answer["Attributes"].values())


def _entries(run: Iterable[OutgoingMessage]) -> Iterator[SendMessageBatchRequestEntryTypeDef]:
    for index, letter in enumerate(run):
        yield {
            "Id": str(index),
            "MessageBody": letter.message.to_body(letter.error),
            "DelaySeconds": min(letter.delay_seconds, MAX_DELAY_SECONDS),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in (letter.error._asdict() if letter.error else {}).items()
            },
        }
