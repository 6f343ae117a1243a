"""Events on the emulator: from a request to the targets of the stack's bus.

The emulator delivers an event to a webhook once: it repeats nothing and has no dead-letter queue
for targets. So the receiver that fails is fed from a queue, as consumers with a queue of their own
are, and the repeats of a webhook are those of `infra/events.yaml`, which AWS makes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from scripts.events_page import schemas
from scripts.local.emulator_gaps import put_webhook
from tests.e2e import receiver
from tests.e2e.conftest import Client, Stack, until
from tests.e2e.receiver import Receiver
from tests.e2e.test_pipeline import ANGRY, Unique, insight

SECRET = "a secret of the tests"
SECONDS = 120
_names = count(1)


class Subscription:
    """A queue that gets all events by a rule on the stack's bus."""

    def __init__(self, stack: Stack) -> None:
        self.sqs, events = stack.session.sqs(), stack.session.client("events")
        name, bus = f"subscription-{next(_names)}", stack.name("EVENT_BUS_NAME")
        self.url = self.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1"})[
            "QueueUrl"
        ]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        arn = attributes["Attributes"]["QueueArn"]
        pattern = json.dumps({"source": ["grok-insights"]})
        events.put_rule(Name=name, EventBusName=bus, EventPattern=pattern)
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
        self.events: list[dict[str, Any]] = []

    def messages(self) -> list[Any]:
        """Return the messages that are visible now."""
        response = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        return list(response.get("Messages", []))

    def delete(self, message: Any) -> None:
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def of(self, identity: str, kind: str) -> dict[str, Any] | None:
        """Return the event of a type about a conversation or an alert rule, if it has arrived."""
        for message in self.messages():
            self.events.append(json.loads(message["Body"]))
            self.delete(message)
        found = [
            event
            for event in self.events
            if event["detail-type"] == kind and identity in _ids(event["detail"])
        ]
        return found[0] if found else None

    def wait_for(self, identity: str, kind: str) -> dict[str, Any]:
        until(lambda: self.of(identity, kind) is not None, SECONDS, f"{kind} of {identity}")
        event = self.of(identity, kind)
        assert event is not None
        return event


def _ids(detail: dict[str, Any]) -> set[str | None]:
    """Return the id of the conversation or of the rule that an event is about."""
    return {detail.get("id"), detail.get("rule", {}).get("name")}


@pytest.fixture
def subscription(stack: Stack) -> Subscription:
    return Subscription(stack)


@pytest.fixture
def webhook(stack: Stack) -> Iterator[Receiver]:
    """A receiver that is the stack's webhook for one test."""
    events, bus = stack.session.client("events"), stack.name("EVENT_BUS_NAME")
    with receiver.running() as found:
        put_webhook(events, bus, found.url, SECRET)
        yield found
        put_webhook(events, bus, "", "")


def post(client: Client, names: list[str]) -> set[str]:
    """Send conversations, and return their ids."""
    sent = client.bulk([{"external_id": name, "text": f"{ANGRY} {name}"} for name in names])
    return {result["id"] for result in sent["results"]}


def test_an_insight_and_its_erasure_reach_a_queue_by_a_rule(
    client: Client, unique: Unique, subscription: Subscription
) -> None:
    name = unique("told")
    [identity] = post(client, [name])
    event = subscription.wait_for(identity, "insight.completed")
    detail = event["detail"]
    jsonschema.validate(detail, schemas()["insight.completed"])
    shown = insight(client, identity)
    assert detail["external_id"] == name
    assert {key: detail[key] for key in ("sentiment", "topics", "occurred_at")} == {
        key: shown[key] for key in ("sentiment", "topics", "occurred_at")
    }
    assert shown["summary"] not in json.dumps(event)

    assert client.delete(f"/api/v1/conversations/{identity}").status_code == 204
    erased = subscription.wait_for(identity, "conversation.erased")["detail"]
    jsonschema.validate(erased, schemas()["conversation.erased"])
    assert erased["generation"] == detail["generation"]
    assert erased["sequence"] > detail["sequence"]


def test_a_webhook_gets_every_event_with_the_secret(
    client: Client, unique: Unique, webhook: Receiver
) -> None:
    wanted = post(client, [unique("hooked") for _ in range(20)])
    until(lambda: webhook.ids() >= wanted, SECONDS, "20 events at the webhook")
    assert webhook.secrets == {SECRET}
    [event, *_] = webhook.accepted
    assert event["source"] == "grok-insights"
    jsonschema.validate(event["detail"], schemas()[event["detail-type"]])


def test_a_webhook_that_is_down_holds_up_neither_the_analysis_nor_other_targets(
    client: Client, unique: Unique, webhook: Receiver, subscription: Subscription
) -> None:
    webhook.status = lambda: 500
    [identity] = post(client, [unique("refused")])
    assert insight(client, identity)["status"] == "completed"
    subscription.wait_for(identity, "insight.completed")


def test_a_receiver_that_is_down_and_then_fails_half_of_the_time_gets_every_event_from_a_queue(
    client: Client, unique: Unique, subscription: Subscription
) -> None:
    statuses = count()
    with receiver.running() as found, httpx.Client() as http:
        # Down for the first ten requests, then 500 for every other one.
        found.status = lambda: 500 if (n := next(statuses)) < 10 or n % 2 else 204
        wanted = post(client, [unique("queued") for _ in range(12)])

        def deliver() -> bool:
            for message in subscription.messages():
                if http.post(found.url, content=message["Body"]).is_success:
                    subscription.delete(message)
            return found.ids() >= wanted

        until(deliver, 2 * SECONDS, "12 events at a receiver that fails")
        assert found.requests > len(found.accepted)
