"""The requests of a conversation to AWS, counted on the emulator, equal those of `docs/cost.md`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid5

import pytest

from grok_insights import wiring
from grok_insights.aws.ledger import Entry
from grok_insights.aws.queue import Message
from grok_insights.domain.conversation import EXTERNAL_ID_NAMESPACE
from grok_insights.domain.insight import Analysis, Insight, Origin, Sentiment
from grok_insights.domain.new_conversation import NewConversation
from grok_insights.ingest.conversations import Accepted
from grok_insights.settings import Settings
from grok_insights.telemetry import flush
from grok_insights.wiring import Parts
from tests import cost_page
from tests.builders import LIFETIME, environment, insight
from tests.e2e.conftest import Stack
from tests.functional.database import CREATED_WITH, TABLES
from tests.template import resources

TEXT = "My parcel is three weeks late and nobody answers. I want a refund now! " * 20
"""1,420 bytes: about 350 tokens, a short chat."""

WRITES = {
    "insights": "insight and five index entries",
    "trends": "counters of the trends",
}
"""The tables that an insight is written to, in the page's words."""


@pytest.fixture(scope="module")
def parts(stack: Stack) -> Parts:
    """Tables and queues on the emulator that no function uses."""
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


@pytest.mark.parametrize(("size", "most_requests"), [(1, 8), (50, 20)])
def test_a_batch_takes_few_requests(parts: Parts, size: int, most_requests: int) -> None:
    used = analysed(parts, f"requests-{size}", size)
    assert sum(n for name, n in used.items() if " " not in name) <= most_requests


def test_a_conversation_takes_the_write_units_of_the_page_to_come_in(parts: Parts) -> None:
    with counted(parts) as used:
        bulk(parts, "come in", 500)
    documented = cost_page.quantity("DynamoDB: write units, conversation", bulk=True)
    assert used["write conversations"] / 500 == documented


@pytest.mark.parametrize("size", [1, 50])
def test_the_metrics_of_a_batch_take_the_room_of_the_page(
    parts: Parts, size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    flush()
    capsys.readouterr()
    analysed(parts, f"metrics-{size}", size)
    flush()
    kilobytes = len(capsys.readouterr().out.encode()) / 1_000
    documented = cost_page.quantity("Logs: the metrics of a batch, KB", bulk=size > 1)
    assert kilobytes / size == pytest.approx(documented, rel=0.1)


@pytest.mark.parametrize("size", [1, 50])
def test_insights_of_real_grok_take_the_write_units_of_the_page(parts: Parts, size: int) -> None:
    entries = [Entry(real_insight(f"{size}-{number}"), LIFETIME) for number in range(size)]
    with counted(parts) as used:
        parts.ledger.save(entries)
    for table, item in WRITES.items():
        documented = cost_page.quantity(f"DynamoDB: write units, {item}", bulk=size > 1)
        assert used[f"write {table}"] / size == documented, item


def real_insight(name: str) -> Insight:
    """Return an insight as long as most answers of Grok."""
    summary = "The parcel is three weeks late. The customer wants a refund, which was not granted."
    topics = ("delivery_delay", "refund_request", "customer_support")
    return insight(
        conversation_id=str(uuid5(EXTERNAL_ID_NAMESPACE, name)),
        external_id=f"ticket-{name}",
        outcome=Analysis(summary, Sentiment.NEGATIVE, topics),
        origin=Origin("grok-4.20-non-reasoning", False, 1.234, 1, "1"),
    )


def analysed(parts: Parts, name: str, size: int) -> Counter[str]:
    """Return the requests to AWS of the analysis of a batch of new conversations."""
    messages = [Message(one, 1, datetime.now(UTC)) for one in bulk(parts, name, size)]
    with counted(parts) as used:
        report = wiring.analysis(parts).batch(messages, lambda: 100.0)
    assert len(report.saved) == size
    return used


def bulk(parts: Parts, name: str, count: int) -> list[str]:
    """Accept conversations in one request, and return their ids."""
    items = [{"external_id": f"{name}-{number}", "text": TEXT} for number in range(count)]
    accepted = wiring.ingest(parts).many(items)
    return [one.conversation.id for one in accepted if isinstance(one, Accepted)]
