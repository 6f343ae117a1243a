"""AWS by moto, with the tables as the template makes them; nothing of ours is patched."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from grok_insights.aws import clients
from grok_insights.settings import Settings
from grok_insights.wiring import Parts
from tests.builders import NOW, environment
from tests.template import resources

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLES = {
    "conversations": "ConversationsTable",
    "insights": "InsightsTable",
    "trends": "TrendsTable",
    "state": "StateTable",
}
CREATED_WITH = (
    "KeySchema",
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    at: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


def at_the_start_of_a_second() -> None:
    """Wait for one: the circuit breaker counts whole seconds, so it rests less near their end."""
    time.sleep(1.0 - time.time() % 1.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(clock: Clock) -> Iterator[Parts]:
    with mock_aws():
        yield make_parts(clock)


def make_parts(clock: Clock, **settings: str) -> Parts:
    """Tables and queues, and the parts that use them, with some settings changed."""
    dynamodb, sqs = clients.dynamodb(), clients.sqs()
    _one_at_a_time(dynamodb)
    for name, logical_id in TABLES.items():
        properties: dict[str, Any] = resources("AWS::DynamoDB::Table")[logical_id]
        dynamodb.create_table(
            TableName=name, **{key: properties[key] for key in CREATED_WITH if key in properties}
        )
    urls = {
        "ANALYSIS_QUEUE_URL": sqs.create_queue(QueueName="analysis")["QueueUrl"],
        "DEAD_LETTER_QUEUE_URL": sqs.create_queue(QueueName="dead")["QueueUrl"],
    }
    return Parts(
        settings=Settings.from_env(environment(**urls, **settings)),
        dynamodb=dynamodb,
        sqs=sqs,
        now=clock,
    )


def _one_at_a_time(client: DynamoDBClient) -> None:
    """Let only one request be under way: moto copies its tables and is not made for threads."""
    lock = Lock()

    def take(**_: Any) -> None:
        lock.acquire()

    def give_back(**_: Any) -> None:
        lock.release()

    client.meta.events.register_first("before-call", take)
    client.meta.events.register("after-call", give_back)
    client.meta.events.register("after-call-error", give_back)
