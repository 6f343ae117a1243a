"""The analysis queue: which conversations wait, as messages that name them and hold no text."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Self

from grok_insights.aws import side_by_side
from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.aws.items import chunks
from grok_insights.domain import timestamps

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

MAX_ENTRIES: Final = 10
"""Messages one SendMessageBatch takes."""

MAX_DELAY_SECONDS: Final = 900
"""The longest DelaySeconds that SQS takes."""

DEPTH_MAX_AGE_SECONDS: Final = 2.0
"""How long a known depth serves: SQS itself counts only approximately."""


@dataclass(frozen=True, slots=True)
class Message:
    """One conversation that waits.

    ``attempt`` counts from 1 and grows only when Grok was asked and failed. ``enqueued_at`` is
    when the client was told that the conversation waits; it survives every re-sending.
    """

    conversation_id: str
    attempt: int
    enqueued_at: datetime

    def to_body(self) -> str:
        """The message as it stands in the queue."""
        return json.dumps(
            {
                "conversation_id": self.conversation_id,
                "attempt": self.attempt,
                "enqueued_at": timestamps.to_text(self.enqueued_at),
            }
        )

    @classmethod
    def from_body(cls, body: str) -> Self:
        """The message of a body.

        Raises
        ------
        ValueError
            The body is not one that `to_body` makes.
        """
        try:
            found = json.loads(body)
            return cls(
                conversation_id=str(found["conversation_id"]),
                attempt=int(found["attempt"]),
                enqueued_at=timestamps.from_text(found["enqueued_at"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("not a message of this queue") from error


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
        runs = list(chunks(messages, MAX_ENTRIES))
        lost = side_by_side.each(lambda run: self._send_run(run, delay_seconds), runs)
        return set().union(*lost)

    def _send_run(self, run: list[Message], delay_seconds: int) -> set[str]:
        try:
            answer = self.client.send_message_batch(
                QueueUrl=self.url, Entries=list(_entries(run, delay_seconds))
            )
        except AWS_FAILURES:
            return {message.conversation_id for message in run}
        return {run[int(failed["Id"])].conversation_id for failed in answer.get("Failed", [])}

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


def _entries(
    run: Iterable[Message], delay_seconds: int
) -> Iterable[SendMessageBatchRequestEntryTypeDef]:
    for index, message in enumerate(run):
        yield {
            "Id": str(index),
            "MessageBody": message.to_body(),
            "DelaySeconds": min(delay_seconds, MAX_DELAY_SECONDS),
        }
