"""Sends dead letters round again: ``make redrive``, on the local stack or on AWS.

A letter goes back as a first attempt with a mark, by which its failed insight is replaced. It is
deleted only after the new message was taken, so that stopping at any point loses none. What cannot
be read is left where it is.

Environment: ``ANALYSIS_QUEUE_URL``, ``DEAD_LETTER_QUEUE_URL`` and what boto3 looks at; the local
stack's ``stack.env`` sets all of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from grok_insights.aws import clients
from grok_insights.aws.queue import AnalysisQueue, Message, OutgoingMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

HIDDEN_SECONDS = 120
"""How long a letter that was read is hidden: nobody else sends it round meanwhile."""


@dataclass(frozen=True, slots=True)
class Redriven:
    """How many letters went round again, and how many could not be read or sent."""

    sent: int
    left: int


def redrive(sqs: SQSClient, dead_letter_url: str, analysis_url: str, now: datetime) -> Redriven:
    """Send every dead letter round again."""
    queue = AnalysisQueue(sqs, analysis_url)
    sent = left = 0
    for received in _batches(sqs, dead_letter_url):
        readable = [(letter, again) for letter in received if (again := _again(letter, now))]
        lost = queue.send_each([OutgoingMessage(again) for _, again in readable])
        kept = [letter for letter, again in readable if again.conversation_id not in lost]
        _delete(sqs, dead_letter_url, kept)
        sent += len(kept)
        left += len(received) - len(kept)
    return Redriven(sent, left)


def _batches(sqs: SQSClient, url: str) -> Iterator[list[MessageTypeDef]]:
    """Letters, ten at a time, until none is visible any more."""
    while True:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            VisibilityTimeout=HIDDEN_SECONDS,
        )
        received = answer.get("Messages", [])
        if not received:
            return
        yield received


def _again(letter: MessageTypeDef, now: datetime) -> Message | None:
    try:
        message = Message.from_body(letter["Body"])
    except ValueError:
        return None
    redrives = message.redrives + 1
    return Message(
        message.conversation_id, 1, now, redrives=redrives, generation=message.generation
    )


def _delete(sqs: SQSClient, url: str, letters: Sequence[MessageTypeDef]) -> None:
    if letters:
        sqs.delete_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(index), "ReceiptHandle": letter["ReceiptHandle"]}
                for index, letter in enumerate(letters)
            ],
        )


def main() -> int:
    """Redrive, and say how many; 1 where letters were left."""
    try:
        queues = os.environ["DEAD_LETTER_QUEUE_URL"], os.environ["ANALYSIS_QUEUE_URL"]
    except KeyError as missing:
        sys.stderr.write(f"{missing} is not set: source .local/stack.env, or the stack's outputs\n")
        return 1
    done = redrive(clients.sqs(), *queues, now=datetime.now(UTC))
    sys.stdout.write(f"{done.sent} dead letters sent round again, {done.left} left\n")
    return 1 if done.left else 0


if __name__ == "__main__":
    sys.exit(main())
