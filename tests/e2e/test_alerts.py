"""Alerts on the emulator: the schedule, the events on the bus, and the message of the topic."""

from __future__ import annotations

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types

from scripts.events_page import schemas
from tests.e2e.conftest import Client, Stack, until
from tests.e2e.test_events import Subscription
from tests.e2e.test_pipeline import Unique, insight

RULES = "/api/v1/alerts/rules"
PARKING = "The parking garage was full again. No parking space for guests is a bad joke."
SCHEDULE_SECONDS = 100
"""The schedule's minute, and the time of the emulator to notice it."""


def evaluate(stack: Stack) -> None:
    """Invoke the function as its schedule does."""
    name = stack.name("ALERTS_FUNCTION_NAME")
    response = stack.session.functions().invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
    assert "FunctionError" not in response, response["Payload"].read()


class TopicMessages:
    """A queue that gets the messages of the alarm topic."""

    def __init__(self, stack: Stack) -> None:
        self.sqs = stack.session.sqs()
        self.url = self.sqs.create_queue(QueueName="alarm-messages")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        arn, topic = attributes["Attributes"]["QueueArn"], stack.name("ALARM_TOPIC_ARN")
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})
        stack.session.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        self.texts: list[str] = []

    def about(self, rule: str) -> list[str]:
        """Return the messages about a rule that have arrived until now."""
        received = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        for message in received.get("Messages", []):
            self.texts.append(json.loads(message["Body"])["Message"])
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return [text for text in self.texts if rule in text]


def alerts_of(client: Client, rule: str, **query: str) -> list[dict[str, Any]]:
    items = client.get("/api/v1/alerts", **query).json()["items"]
    return [alert for alert in items if alert["rule"]["name"] == rule]


def let_three_hours_pass(stack: Stack, rule: str) -> None:
    """Make the windows that breached a rule older: the tests cannot wait for an hour."""
    dynamodb, table = stack.session.dynamodb(), stack.name("STATE_TABLE_NAME")

    def written() -> bool:
        key = {"id": {"S": "alerts"}}
        item = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
        book = json.loads(item["document"]["S"])
        [alert] = [one for one in book["alerts"] if one["rule"]["name"] == rule]
        alert["last_window"] = "2026-01-01T00:00:00.000Z"
        try:
            dynamodb.put_item(
                TableName=table,
                Item={**item, "document": {"S": json.dumps(book)}},
                ConditionExpression="revision = :revision",
                ExpressionAttributeValues={":revision": item["revision"]},
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    until(written, 10, "the older window is written")


def test_the_schedule_finds_a_breach_and_its_end_and_each_is_one_event_and_one_message(
    stack: Stack, client: Client, unique: Unique
) -> None:
    subscription, topic, rule = Subscription(stack), TopicMessages(stack), unique("parking")
    sent = {"text": PARKING, "external_id": rule}
    identity = client.post("/api/v1/conversations", sent).json()["id"]
    label = f"topic:{insight(client, identity)['topics'][0]}"
    body = {"name": rule, "label": label, "above": 0, "window": "1d"}
    assert client.post(RULES, body).status_code == 201

    until(
        lambda: subscription.of(rule, "trend.alert") is not None,
        SCHEDULE_SECONDS,
        "the event of the breach, without a request",
    )
    [alert] = alerts_of(client, rule, status="breached")
    assert (alert["count"], alert["value"]) == (1, 1.0)
    until(lambda: len(topic.about(rule)) == 1, 10, "the message of the topic")
    assert f"Alert rule {rule} ({label}): breached. The count was 1" in topic.texts[-1]

    assert client.delete(f"/api/v1/conversations/{identity}").status_code == 204
    evaluate(stack)
    assert alerts_of(client, rule, status="breached"), "the window is not over"
    let_three_hours_pass(stack, rule)
    evaluate(stack)
    evaluate(stack)
    until(lambda: len(topic.about(rule)) == 2, 10, "the message of the end")
    [ended] = alerts_of(client, rule)
    assert ended["status"] == "ended"
    subscription.of(rule, "trend.alert")
    told = [one["detail"] for one in subscription.events if one["detail-type"] == "trend.alert"]
    assert [one["status"] for one in told] == ["breached", "ended"]
    assert {one["alert_id"] for one in told} == {alert["id"]}
    for one in told:
        jsonschema.validate(one, schemas()["trend.alert"])
    assert client.delete(f"{RULES}/{rule}").status_code == 204
