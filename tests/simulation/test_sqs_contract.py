"""The SQS of the simulation responds as moto does, or as another endpoint does.

``SQS_ENDPOINT_URL`` names another endpoint, such as that of a local emulator.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from tests.simulation.contract import Both, outcome
from tests.simulation.sqs import SQS

ENDPOINT = os.environ.get("SQS_ENDPOINT_URL") or None
COUNTS = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
]


class Queues:
    """One queue with its dead-letter queue, in both services."""

    def __init__(self, other: Any) -> None:
        self.both = Both(SQS(time.time), other)
        name = f"q{uuid4().hex[:8]}"
        dead = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{_account(other)}:{name}-dead"}
        attributes = {
            "VisibilityTimeout": "30",
            "RedrivePolicy": json.dumps({**dead, "maxReceiveCount": 2}),
        }
        self.urls: dict[int, list[str]] = {}
        for client in (self.both.model, other):
            client.create_queue(QueueName=f"{name}-dead")
            url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
            self.urls[id(client)] = [url, url.replace(name, f"{name}-dead")]

    def __call__(self, operation: str, *, dead: bool = False, **request: Any) -> Any:
        """Return the response of both services, which is the same except for the receipts."""
        answers = [
            outcome(client, operation, self._of(client, dead, request))
            for client in (self.both.model, self.both.other)
        ]
        assert answers[0] == answers[1], operation
        return answers[0]

    def _of(self, client: Any, dead: bool, request: dict[str, Any]) -> dict[str, Any]:
        return {"QueueUrl": self.urls[id(client)][dead], **request}

    def receive(self, most: int, visibility: int) -> list[list[str]]:
        """Return the receipts of the messages that each service delivers, which are the same."""
        receipts, bodies = [], []
        for client in (self.both.model, self.both.other):
            request = {
                "MaxNumberOfMessages": most,
                "VisibilityTimeout": visibility,
                "AttributeNames": ["ApproximateReceiveCount"],
            }
            found = client.receive_message(**self._of(client, False, request)).get("Messages", [])
            receipts.append([one["ReceiptHandle"] for one in found])
            bodies.append(
                sorted((one["Body"], one["Attributes"]["ApproximateReceiveCount"]) for one in found)
            )
        assert bodies[0] == bodies[1]
        return receipts

    def delete(self, receipts: list[list[str]]) -> None:
        for client, handles in zip((self.both.model, self.both.other), receipts, strict=True):
            entries = [{"Id": str(at), "ReceiptHandle": one} for at, one in enumerate(handles)]
            client.delete_message_batch(**self._of(client, False, {"Entries": entries}))

    def counts(self, *, dead: bool = False) -> list[int]:
        found = self("get_queue_attributes", dead=dead, AttributeNames=COUNTS)["Attributes"]
        return [int(found[name]) for name in COUNTS]


def _account(client: Any) -> str:
    url = client.create_queue(QueueName="account")["QueueUrl"]
    return str(url.rstrip("/").split("/")[-2])


@pytest.fixture
def queues() -> Iterator[Queues]:
    with nullcontext() if ENDPOINT else mock_aws():
        yield Queues(boto3.client("sqs", endpoint_url=ENDPOINT))


def test_a_message_is_hidden_once_received_and_gone_once_deleted(queues: Queues) -> None:
    queues("send_message", MessageBody="one")
    assert queues.counts() == [1, 0, 0]
    receipts = queues.receive(1, 30)
    assert queues.counts() == [0, 0, 1]
    assert queues.receive(1, 30) == [[], []]
    queues.delete(receipts)
    assert queues.counts() == [0, 0, 0]


def test_a_batch_is_taken_entry_by_entry_and_delays_hide(queues: Queues) -> None:
    entries = [{"Id": "0", "MessageBody": "now"}]
    entries.append({"Id": "1", "MessageBody": "later", "DelaySeconds": 60})  # type: ignore[dict-item]
    queues("send_message_batch", Entries=entries)
    assert queues.counts() == [1, 1, 0]
    assert [len(one) for one in queues.receive(10, 30)] == [1, 1]


@pytest.mark.parametrize("size", [0, 11])
def test_a_batch_has_one_to_ten_entries(queues: Queues, size: int) -> None:
    entries = [{"Id": str(number), "MessageBody": "x"} for number in range(size)]
    assert "error" in queues("send_message_batch", Entries=entries)


def test_what_was_received_too_often_goes_to_the_dead_letter_queue(queues: Queues) -> None:
    queues("send_message", MessageBody="poison")
    for _ in range(2):
        assert [len(one) for one in queues.receive(1, 0)] == [1, 1]
    assert queues.receive(1, 0) == [[], []]
    assert queues.counts() == [0, 0, 0]
    assert queues.counts(dead=True) == [1, 0, 0]
