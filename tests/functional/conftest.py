"""AWS by moto, with the tables as the template makes them; none of our code is patched.

``DYNAMODB_ENDPOINT_URL`` replaces moto's DynamoDB by another one: see `database`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from moto import mock_aws

from grok_insights.aws import clients
from grok_insights.settings import Settings
from grok_insights.wiring import Parts
from tests.builders import NOW, environment
from tests.functional import database


@dataclass
class Clock:
    """A clock that stops until it is moved."""

    at: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


def at_the_start_of_a_second() -> None:
    """Wait for the start of a second: the circuit breaker counts whole seconds."""
    time.sleep(1.0 - time.time() % 1.0)


@pytest.fixture(scope="session", autouse=True)
def _no_tables_left() -> Iterator[None]:
    yield
    database.drop_tables()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(clock: Clock) -> Iterator[Parts]:
    with mock_aws():
        yield make_parts(clock)


def make_parts(clock: Clock, **settings: str) -> Parts:
    """Make tables and queues, and the parts that use them, with some settings changed."""
    dynamodb, sqs = database.dynamodb(), clients.sqs()
    urls = {
        "ANALYSIS_QUEUE_URL": sqs.create_queue(QueueName="analysis")["QueueUrl"],
        "DEAD_LETTER_QUEUE_URL": sqs.create_queue(QueueName="dead")["QueueUrl"],
        "EVENTS_DEAD_LETTER_QUEUE_URL": sqs.create_queue(QueueName="events")["QueueUrl"],
        "WEBHOOK_DEAD_LETTER_QUEUE_URL": sqs.create_queue(QueueName="webhook")["QueueUrl"],
    }
    tables = database.empty_tables(dynamodb)
    return Parts(
        settings=Settings.from_env(environment(**urls, **tables, **settings)),
        dynamodb=dynamodb,
        sqs=sqs,
        now=clock,
    )
