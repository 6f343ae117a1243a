"""Events that the webhook never accepted are put on the bus again, and none is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from grok_insights.aws import clients
from grok_insights.wiring import Parts
from scripts.resend_events import Places, Resent, main, resend
from tests.functional.test_events import Bus

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def event(number: int) -> dict[str, Any]:
    """Return an event as EventBridge puts it into a dead-letter queue."""
    return {
        "version": "0",
        "id": "an id of EventBridge",
        "source": "grok-insights",
        "detail-type": "insight.completed",
        "detail": {"event_id": f"e{number}", "topics": ["café"]},
    }


@pytest.fixture
def sqs(parts: Parts) -> SQSClient:
    return parts.sqs


@pytest.fixture
def places(parts: Parts) -> Places:
    url = clients.sqs().create_queue(QueueName="undelivered")["QueueUrl"]
    return Places(url, parts.settings.event_bus)


@pytest.fixture
def bus(parts: Parts) -> Bus:
    return Bus(parts)


def waiting(sqs: SQSClient, places: Places) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=places.queue_url, AttributeNames=names)  # type: ignore[arg-type]
    return sum(map(int, found["Attributes"].values()))


def put(sqs: SQSClient, places: Places, *bodies: str) -> None:
    for body in bodies:
        sqs.send_message(QueueUrl=places.queue_url, MessageBody=body)


def test_undelivered_events_are_sent_as_they_were_and_leave_the_queue(
    sqs: SQSClient, places: Places, bus: Bus
) -> None:
    put(sqs, places, *(json.dumps(event(number)) for number in range(12)))
    assert resend(sqs, bus.client, places) == Resent(12, 0)
    sent = {detail["event_id"]: (kind, detail) for kind, detail in bus.sent()}
    assert len(sent) == 12
    assert sent["e3"] == ("insight.completed", event(3)["detail"])
    assert waiting(sqs, places) == 0


def test_an_event_that_eventbridge_does_not_accept_stays_in_the_queue(
    sqs: SQSClient, places: Places, bus: Bus
) -> None:
    put(sqs, places, *(json.dumps(event(number)) for number in range(3)))
    bus.refused = lambda entry: '"e1"' in entry["Detail"]
    assert resend(sqs, bus.client, places) == Resent(2, 1)
    assert waiting(sqs, places) == 1


@pytest.mark.parametrize("body", ["no JSON", "[]", "{}", json.dumps({"source": "another"})])
def test_a_message_that_is_no_event_of_ours_stays_in_the_queue(
    sqs: SQSClient, places: Places, bus: Bus, body: str
) -> None:
    put(sqs, places, body, json.dumps(event(1)))
    assert resend(sqs, bus.client, places) == Resent(1, 1)
    assert waiting(sqs, places) == 1


def test_without_a_stack_the_command_says_how_to_name_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main({}) == 1
    assert "Set ENV=dev" in capsys.readouterr().out
