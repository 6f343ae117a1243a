"""Send events again that the webhook never accepted: ``make resend-events [ENV=staging]``.

It puts each event of the webhook's dead-letter queue on the event bus again, as it was. A message
is deleted only after EventBridge has accepted its event, so an interruption loses none. A message
that is not an event of this product stays in the queue.

With ``ENV=staging`` the command uses that environment's stack in the current AWS account. Else it
uses the stack whose ``WEBHOOK_DEAD_LETTER_QUEUE_URL`` and ``EVENT_BUS_NAME`` are in the
environment, as the local stack's ``stack.env`` sets them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from grok_insights.domain.events import SOURCE
from scripts.environments import UnusableError, aws_session, environment, outputs

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

HIDDEN_SECONDS = 120
"""Seconds for which a received message is hidden from other consumers."""


@dataclass(frozen=True, slots=True)
class Resent:
    """How many events were sent again, and how many messages are left in the queue."""

    sent: int
    left: int


@dataclass(frozen=True, slots=True)
class Places:
    """The queue of undelivered events, and the bus that they came from."""

    queue_url: str
    bus: str


def resend(sqs: SQSClient, events: Any, places: Places) -> Resent:
    """Send all events of the queue again. ``events`` is a client of EventBridge."""
    sent = left = 0
    for received in _batches(sqs, places.queue_url):
        entries = [(one, entry) for one in received if (entry := _entry(one, places.bus))]
        accepted = _accepted(events, entries)
        for message in accepted:
            sqs.delete_message(QueueUrl=places.queue_url, ReceiptHandle=message["ReceiptHandle"])
        sent += len(accepted)
        left += len(received) - len(accepted)
    return Resent(sent, left)


def _accepted(
    events: Any, entries: list[tuple[MessageTypeDef, dict[str, str]]]
) -> list[MessageTypeDef]:
    """Send the entries, and return the messages of those that EventBridge accepted."""
    if not entries:
        return []
    results = events.put_events(Entries=[entry for _, entry in entries])["Entries"]
    pairs = zip(entries, results, strict=True)
    return [message for (message, _), result in pairs if "ErrorCode" not in result]


def _batches(sqs: SQSClient, url: str) -> Iterator[list[MessageTypeDef]]:
    """Yield messages, up to ten at a time, until none is visible."""
    while True:
        response = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            VisibilityTimeout=HIDDEN_SECONDS,
        )
        received = response.get("Messages", [])
        if not received:
            return
        yield received


def _entry(message: MessageTypeDef, bus: str) -> dict[str, str] | None:
    """Return the entry of an undelivered event; None if the message is no event of ours."""
    try:
        event = json.loads(message["Body"])
        if event["source"] != SOURCE:
            return None
        detail = json.dumps(event["detail"])
        kind = str(event["detail-type"])
    except (ValueError, KeyError, TypeError):
        return None
    return {"EventBusName": bus, "Source": SOURCE, "DetailType": kind, "Detail": detail}


def main(environ: Mapping[str, str]) -> int:
    """Send the events, and print the counts; return 1 if messages were left, or on failure."""
    try:
        places, session = _places(environ), aws_session(environ)
        done = resend(session.client("sqs"), session.client("events"), places)
    except UnusableError as error:
        print(error)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused or was not reached: {error}")
        return 1
    print(f"{done.sent} events sent again, {done.left} messages left")
    return 1 if done.left else 0


def _places(environ: Mapping[str, str]) -> Places:
    name = environ.get("ENV", "")
    if name:
        stack_name = environment(name).stack_name
        of = outputs(aws_session(environ).client("cloudformation"), stack_name)
        return Places(of["WebhookDeadLetterQueueUrl"], of["EventBusName"])
    wanted = ("WEBHOOK_DEAD_LETTER_QUEUE_URL", "EVENT_BUS_NAME")
    if not all(environ.get(one) for one in wanted):
        raise UnusableError("Which stack? Set ENV=dev, staging or prod, or start one with make up.")
    return Places(*(environ[one] for one in wanted))


if __name__ == "__main__":
    sys.exit(main(os.environ))
