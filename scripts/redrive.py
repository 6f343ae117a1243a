"""Send failed conversations again: ``make redrive [CODE=bad_request] [ENV=staging]``.

It sends the dead letters first. Then it sends the failed insights without a dead letter, because
Grok refused their conversation; it reads them from the Insights table's index of failed insights.
Each message is a first attempt with a redrive count, by which the new insight replaces the failed
one. A dead letter is deleted only after SQS has accepted the new message, so an interruption loses
none. A message that cannot be read stays in the queue. ``CODE`` selects one error code.

With ``ENV=staging`` the command uses that environment's stack in the current AWS account. Else it
uses the stack whose ``ANALYSIS_QUEUE_URL``, ``DEAD_LETTER_QUEUE_URL`` and ``INSIGHTS_TABLE_NAME``
are in the environment, as the local stack's ``stack.env`` sets them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3

from grok_insights.aws import clients
from grok_insights.aws.dynamodb.attributes import Item, number_of, text_of
from grok_insights.aws.queue import AnalysisQueue, Message, OutgoingMessage
from scripts.environments import UnusableError, environment, outputs

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

HIDDEN_SECONDS = 120
"""Seconds for which a received dead letter is hidden from other consumers."""

MOST_SHARDS = 32
"""The maximum of ``INDEX_SHARDS``. A query of a shard that does not exist costs almost nothing."""


@dataclass(frozen=True, slots=True)
class Redriven:
    """How many conversations were sent again, and how many could not be read or sent."""

    sent: int
    left: int
    ids: frozenset[str] = field(default=frozenset(), compare=False)
    """The conversations that were sent again."""


@dataclass(frozen=True, slots=True)
class Places:
    """The places where a stack keeps failures."""

    dead_letter_url: str
    analysis_url: str
    insights_table: str


def redrive(
    sqs: SQSClient, dead_letter_url: str, analysis_url: str, now: datetime, code: str = ""
) -> Redriven:
    """Send dead letters again: all, or those with one error code."""
    queue = AnalysisQueue(sqs, analysis_url)
    ids: set[str] = set()
    left = 0
    for received in _batches(sqs, dead_letter_url):
        wanted = [dead_letter for dead_letter in received if not code or _code(dead_letter) == code]
        readable = [
            (dead_letter, again) for dead_letter in wanted if (again := _redriven(dead_letter, now))
        ]
        lost = queue.send_each([OutgoingMessage(again) for _, again in readable])
        kept = [pair for pair in readable if pair[1].conversation_id not in lost]
        _delete(sqs, dead_letter_url, [dead_letter for dead_letter, _ in kept])
        ids.update(again.conversation_id for _, again in kept)
        left += len(wanted) - len(kept)
    return Redriven(len(ids), left, frozenset(ids))


def redrive_failed(
    using: tuple[DynamoDBClient, SQSClient],
    places: Places,
    now: datetime,
    *,
    code: str = "",
    but: frozenset[str] = frozenset(),
) -> Redriven:
    """Send failed conversations again: all except ``but``, or those with one error code."""
    dynamodb, sqs = using
    queue = AnalysisQueue(sqs, places.analysis_url)
    found = (
        _first_attempt_of(item, now)
        for item in _failed(dynamodb, places.insights_table)
        if not code or text_of(item, "error_code") == code
    )
    messages = [message for message in found if message.conversation_id not in but]
    lost = queue.send_each([OutgoingMessage(message) for message in messages])
    ids = frozenset(message.conversation_id for message in messages) - lost
    return Redriven(len(ids), len(messages) - len(ids), ids)


def _failed(dynamodb: DynamoDBClient, table: str) -> Iterator[Item]:
    """Return the needed attributes of each failed insight."""
    pages = dynamodb.get_paginator("query")
    for shard in range(MOST_SHARDS):
        for page in pages.paginate(
            TableName=table,
            IndexName="by_kind",
            KeyConditionExpression="kind_shard = :failed",
            ExpressionAttributeValues={":failed": {"S": f"failed#{shard}"}},
            ProjectionExpression="conversation_id, generation, redrives, error_code",
        ):
            yield from page["Items"]


def _first_attempt_of(item: Item, now: datetime) -> Message:
    return Message(
        item["conversation_id"]["S"],
        1,
        now,
        redrives=number_of(item, "redrives") + 1,
        generation=number_of(item, "generation") or None,
    )


def _code(dead_letter: MessageTypeDef) -> str:
    attributes = dead_letter.get("MessageAttributes", {})
    return attributes["code"].get("StringValue", "") if "code" in attributes else ""


def _batches(sqs: SQSClient, url: str) -> Iterator[list[MessageTypeDef]]:
    """Yield dead letters, up to ten at a time, until none is visible."""
    while True:
        response = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            VisibilityTimeout=HIDDEN_SECONDS,
            MessageAttributeNames=["code"],
        )
        received = response.get("Messages", [])
        if not received:
            return
        yield received


def _redriven(dead_letter: MessageTypeDef, now: datetime) -> Message | None:
    try:
        message = Message.from_body(dead_letter["Body"])
    except ValueError:
        return None
    redrives = message.redrives + 1
    return Message(
        message.conversation_id, 1, now, redrives=redrives, generation=message.generation
    )


def _delete(sqs: SQSClient, url: str, dead_letters: Sequence[MessageTypeDef]) -> None:
    if dead_letters:
        sqs.delete_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(index), "ReceiptHandle": dead_letter["ReceiptHandle"]}
                for index, dead_letter in enumerate(dead_letters)
            ],
        )


def main(environ: Mapping[str, str]) -> int:
    """Redrive, and print the counts; return 1 if some were left, or on failure."""
    try:
        places = _places(environ)
    except UnusableError as error:
        print(error)
        return 1
    now, code = datetime.now(UTC), environ.get("CODE", "")
    dynamodb, sqs = clients.dynamodb(), clients.sqs()
    dead = redrive(sqs, places.dead_letter_url, places.analysis_url, now, code)
    failed = redrive_failed((dynamodb, sqs), places, now, code=code, but=dead.ids)
    print(
        f"{dead.sent} dead letters and {failed.sent} failed conversations without one sent"
        f" again, {dead.left + failed.left} left"
    )
    return 1 if dead.left + failed.left else 0


def _places(environ: Mapping[str, str]) -> Places:
    name = environ.get("ENV", "")
    if name:
        of = outputs(boto3.client("cloudformation"), environment(name).stack_name)
        return Places(of["DeadLetterQueueUrl"], of["AnalysisQueueUrl"], of["InsightsTableName"])
    wanted = ("DEAD_LETTER_QUEUE_URL", "ANALYSIS_QUEUE_URL", "INSIGHTS_TABLE_NAME")
    missing = [one for one in wanted if not environ.get(one)]
    if missing:
        raise UnusableError(
            f"{', '.join(missing)} not set: set ENV=dev, staging or prod, or start a stack with"
            " make up."
        )
    return Places(*(environ[one] for one in wanted))


if __name__ == "__main__":
    sys.exit(main(os.environ))
