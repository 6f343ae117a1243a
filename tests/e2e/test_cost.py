"""What a conversation asks of AWS: the figures of `docs/cost.md`, counted by the emulator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from grok_insights import wiring
from grok_insights.aws.queue import Message
from grok_insights.domain.conversation import NewConversation
from grok_insights.ingest.conversations import Accepted
from grok_insights.settings import Settings
from grok_insights.wiring import Parts
from tests.builders import environment
from tests.e2e.conftest import Stack
from tests.functional.conftest import CREATED_WITH, TABLES
from tests.template import resources

TEXT = "My parcel is three weeks late and nobody answers. I want a refund now! " * 20
"""1,420 bytes: about 350 tokens, a short chat."""


@pytest.fixture(scope="module")
def parts(stack: Stack) -> Parts:
    """Tables and queues of its own on the emulator, which no function touches."""
    dynamodb, sqs = stack.session.dynamodb(), stack.session.sqs()
    for name, logical_id in TABLES.items():
        properties: dict[str, Any] = resources("AWS::DynamoDB::Table")[logical_id]
        dynamodb.create_table(
            TableName=name, **{key: properties[key] for key in CREATED_WITH if key in properties}
        )
    urls = {
        f"{kind}_QUEUE_URL": sqs.create_queue(QueueName=f"cost-{kind.lower()}")["QueueUrl"]
        for kind in ("ANALYSIS", "DEAD_LETTER")
    }
    settings = Settings.from_env(environment(**urls))
    return Parts(settings=settings, dynamodb=dynamodb, sqs=sqs, now=lambda: datetime.now(UTC))


@contextmanager
def counted(parts: Parts) -> Iterator[Counter[str]]:
    """Requests by operation, and DynamoDB's units by table: ``write insights``, ``read state``."""
    found: Counter[str] = Counter()

    def ask(params: dict[str, Any], model: Any, **_: Any) -> None:
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "TOTAL"

    def note(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        found[model.name] += 1
        used = parsed.get("ConsumedCapacity", [])
        kind = "read" if "Get" in model.name else "write"
        for one in used if isinstance(used, list) else [used]:
            found[f"{kind} {one['TableName']}"] += round(one["CapacityUnits"] + 0.01)

    for client in (parts.dynamodb, parts.sqs):
        client.meta.events.register("provide-client-params", ask, unique_id="ask")
        client.meta.events.register("after-call", note, unique_id="note")
    yield found
    for client in (parts.dynamodb, parts.sqs):
        client.meta.events.unregister("provide-client-params", unique_id="ask")
        client.meta.events.unregister("after-call", unique_id="note")


def test_a_conversation_alone_takes_three_requests_and_four_units_to_come_in(parts: Parts) -> None:
    with counted(parts) as used:
        wiring.ingest(parts).one(NewConversation(external_id="alone", text=TEXT))
    assert used == {
        "GetQueueAttributes": 1,
        "TransactWriteItems": 1,
        "SendMessageBatch": 1,
        "write conversations": 4,
    }


def test_five_hundred_at_once_take_56_requests_and_four_units_each(parts: Parts) -> None:
    assert len(bulk(parts, "many", 500)) == 500
    with counted(parts) as used:
        bulk(parts, "counted", 500)
    assert used == {
        "GetQueueAttributes": 1,
        "TransactWriteItems": 5,
        "SendMessageBatch": 50,
        "write conversations": 2_000,
    }


@pytest.mark.parametrize(("size", "most_requests", "most_units"), [(1, 8, 30), (50, 20, 600)])
def test_a_batch_takes_few_requests(
    parts: Parts, size: int, most_requests: int, most_units: int
) -> None:
    messages = [Message(one, 1, datetime.now(UTC)) for one in bulk(parts, f"batch-{size}", size)]
    with counted(parts) as used:
        report = wiring.analysis(parts).batch(messages, lambda: 100.0)
    assert len(report.saved) == size
    assert sum(n for name, n in used.items() if " " not in name) <= most_requests
    assert sum(n for name, n in used.items() if name.startswith("write")) <= most_units


def bulk(parts: Parts, name: str, count: int) -> list[str]:
    """Conversations that came in together, and their ids."""
    items = [{"external_id": f"{name}-{number}", "text": TEXT} for number in range(count)]
    accepted = wiring.ingest(parts).many(items)
    return [one.conversation.id for one in accepted if isinstance(one, Accepted)]
