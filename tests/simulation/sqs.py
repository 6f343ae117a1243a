"""SQS standard queues in memory, with boto's client methods.

It is independent of the simulation: the time comes from ``now``. With ``disorder``, delivery is at
least once and in any order. Without it, messages are delivered in order and once, which the
contract tests compare with moto and other endpoints.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import md5
from random import Random
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.dynamodb import error

MAX_BATCH_BYTES = 1024 * 1024
MAX_DELAY_SECONDS = 900
DUPLICATES = 0.04
"""The share of deliveries after which SQS still delivers the message to others."""


@dataclass
class Stored:
    """A message in a queue. ``handle`` is the receipt of its last delivery."""

    number: int
    body: str
    attributes: Mapping[str, Any]
    visible_at: float
    sent_at: float
    receives: int = 0
    handle: str = ""
    first_received_at: float = 0.0


@dataclass
class Queue:
    """A queue, and its rule for messages that were received too often."""

    url: str
    visibility_seconds: float = 30.0
    dead_letters: str = ""
    max_receives: int = 0
    messages: dict[int, Stored] = field(default_factory=dict)

    def visible(self, now: float) -> list[Stored]:
        return [one for one in self.messages.values() if one.visible_at <= now]

    def next_visible_at(self) -> float:
        return min((one.visible_at for one in self.messages.values()), default=float("inf"))


class SQS:
    """The service. Its methods are those of boto's client."""

    def __init__(
        self,
        now: Callable[[], float],
        disorder: Random | None = None,
        duplicates: float = DUPLICATES,
    ) -> None:
        self.now = now
        self.disorder = disorder
        self.duplicates = duplicates
        self.queues: dict[str, Queue] = {}
        self.sent = 0
        self.on_change: Callable[[], None] = lambda: None
        self.dead_on_receive: list[str] = []
        """Bodies of messages that SQS itself moved to a dead-letter queue."""

    def create_queue(
        self, *, QueueName: str, Attributes: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        given = Attributes or {}
        url = f"https://sqs.us-east-1.amazonaws.com/123456789012/{QueueName}"
        redrive = json.loads(given.get("RedrivePolicy", "{}"))
        target = redrive.get("deadLetterTargetArn", "").rsplit(":", 1)[-1]
        self.queues[url] = Queue(
            url,
            float(given.get("VisibilityTimeout", 30)),
            f"{url.rsplit('/', 1)[0]}/{target}" if target else "",
            int(redrive.get("maxReceiveCount", 0)),
        )
        return {"QueueUrl": url}

    def send_message(
        self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int = 0, **more: Any
    ) -> Any:
        queue = self._queue(QueueUrl, "SendMessage")
        _check_delay(DelaySeconds, "SendMessage")
        stored = self._store(queue, MessageBody, DelaySeconds, more.get("MessageAttributes", {}))
        return {"MessageId": f"m{stored.number}", "MD5OfMessageBody": _digest(MessageBody)}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Mapping[str, Any]]) -> Any:
        queue = self._queue(QueueUrl, "SendMessageBatch")
        _check_batch(Entries, "SendMessageBatch")
        if sum(len(entry["MessageBody"].encode()) for entry in Entries) > MAX_BATCH_BYTES:
            code = "AWS.SimpleQueueService.BatchRequestTooLong"
            raise error(code, "Batch requests cannot be longer", "SendMessageBatch")
        taken, failed = [], []
        for entry in Entries:
            delay = entry.get("DelaySeconds", 0)
            if not 0 <= delay <= MAX_DELAY_SECONDS:
                code = "InvalidParameterValue"
                failed.append({"Id": entry["Id"], "Code": code, "SenderFault": True})
                continue
            stored = self._store(
                queue, entry["MessageBody"], delay, entry.get("MessageAttributes", {})
            )
            digest = _digest(entry["MessageBody"])
            taken.append(
                {"Id": entry["Id"], "MessageId": f"m{stored.number}", "MD5OfMessageBody": digest}
            )
        return {"Successful": taken, **({"Failed": failed} if failed else {})}

    def receive_message(
        self,
        *,
        QueueUrl: str,
        MaxNumberOfMessages: int = 1,
        VisibilityTimeout: float | None = None,
        **_: Any,
    ) -> Any:
        if not 1 <= MaxNumberOfMessages <= 10:
            raise error("InvalidParameterValue", "must be between 1 and 10", "ReceiveMessage")
        received = self.deliver(QueueUrl, MaxNumberOfMessages, VisibilityTimeout)
        return {"Messages": [_shown(one) for one in received]} if received else {}

    def deliver(self, url: str, most: int, visibility: float | None = None) -> list[Stored]:
        """Deliver visible messages and hide them; move those that were received too often."""
        queue = self._queue(url, "ReceiveMessage")
        now = self.now()
        hidden = queue.visibility_seconds if visibility is None else visibility
        visible = queue.visible(now)
        if self.disorder is not None:
            self.disorder.shuffle(visible)
        delivered: list[Stored] = []
        for message in visible:
            if len(delivered) == most:
                break
            if queue.max_receives and message.receives >= queue.max_receives:
                self._dead_letter(queue, message)
                continue
            message.receives += 1
            message.first_received_at = message.first_received_at or now
            message.handle = f"r{message.number}.{message.receives}"
            message.visible_at = now + hidden
            if self.disorder is not None and self.disorder.random() < self.duplicates:
                message.visible_at = now + self.disorder.random() * 2
            delivered.append(message)
        return delivered

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> Any:
        self._delete(self._queue(QueueUrl, "DeleteMessage"), ReceiptHandle)
        return {}

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[Mapping[str, str]]) -> Any:
        queue = self._queue(QueueUrl, "DeleteMessageBatch")
        _check_batch(Entries, "DeleteMessageBatch")
        for entry in Entries:
            self._delete(queue, entry["ReceiptHandle"])
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Iterable[str]) -> Any:
        queue = self._queue(QueueUrl, "GetQueueAttributes")
        now = self.now()
        waiting = delayed = hidden = 0
        for message in queue.messages.values():
            if message.visible_at <= now:
                waiting += 1
            elif message.receives:
                hidden += 1
            else:
                delayed += 1
        found = {
            "ApproximateNumberOfMessages": str(waiting),
            "ApproximateNumberOfMessagesDelayed": str(delayed),
            "ApproximateNumberOfMessagesNotVisible": str(hidden),
        }
        return {"Attributes": {name: found[name] for name in AttributeNames if name in found}}

    def _queue(self, url: str, operation: str) -> Queue:
        if url not in self.queues:
            code = "AWS.SimpleQueueService.NonExistentQueue"
            raise error(code, "The specified queue does not exist", operation)
        return self.queues[url]

    def _store(
        self, queue: Queue, body: str, delay: float, attributes: Mapping[str, Any]
    ) -> Stored:
        self.sent += 1
        now = self.now()
        stored = Stored(self.sent, body, attributes, now + delay, now)
        queue.messages[stored.number] = stored
        self.on_change()
        return stored

    def _dead_letter(self, queue: Queue, message: Stored) -> None:
        del queue.messages[message.number]
        self.dead_on_receive.append(message.body)
        self._store(self.queues[queue.dead_letters], message.body, 0, message.attributes)

    def _delete(self, queue: Queue, handle: str) -> None:
        """Delete a message. An older receipt may have no effect, and has none here."""
        number = int(handle[1:].split(".", maxsplit=1)[0])
        message = queue.messages.get(number)
        if message is not None and message.handle == handle:
            del queue.messages[number]
            self.on_change()


def _shown(message: Stored) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "MessageId": f"m{message.number}",
        "ReceiptHandle": message.handle,
        "MD5OfBody": _digest(message.body),
        "Body": message.body,
        "Attributes": {"ApproximateReceiveCount": str(message.receives)},
    }
    if message.attributes:
        shown["MessageAttributes"] = dict(message.attributes)
    return shown


def _check_batch(entries: list[Any], operation: str) -> None:
    prefix = "AWS.SimpleQueueService."
    if not entries:
        raise _refused(f"{prefix}EmptyBatchRequest", operation)
    if len(entries) > 10:
        raise _refused(f"{prefix}TooManyEntriesInBatchRequest", operation)
    if len({entry["Id"] for entry in entries}) != len(entries):
        raise _refused(f"{prefix}BatchEntryIdsNotDistinct", operation)


def _refused(code: str, operation: str) -> ClientError:
    return error(code, "the batch is not valid", operation)


def _check_delay(delay: int, operation: str) -> None:
    if not 0 <= delay <= MAX_DELAY_SECONDS:
        raise error("InvalidParameterValue", "DelaySeconds must be 0 to 900", operation)


def _digest(body: str) -> str:
    return md5(body.encode(), usedforsecurity=False).hexdigest()
