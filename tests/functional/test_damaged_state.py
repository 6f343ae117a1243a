"""Damaged items of the State table: calls stop, operators see the reason, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from grok_insights.aws import clients
from grok_insights.flow.budget import day_of
from grok_insights.wiring import Parts
from tests.builders import NOW, api_event
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import ClientResponse, Query
from tests.functional.worker import SETTINGS, RunningClock, Worker, message
from tests.standin import running

KEY = "a-key-of-at-least-twenty-characters"
SETTINGS_WITH_BUDGET = {**SETTINGS, "DAILY_BUDGET_USD": "1"}

VALUES: dict[str, dict[str, Any]] = {
    "S": {"S": "x"},
    "BOOL": {"BOOL": True},
    "L": {"L": []},
    "M": {"M": {}},
    "NULL": {"NULL": True},
    "fraction": {"N": "1.5"},
    "negative": {"N": "-1"},
}
ATTRIBUTES = {
    "circuit#grok": {"state": {"S": "OPEN"}, "opened_at": {"N": "1"}},
    "credits": {"since": {"N": "1"}, "until": {"N": "2"}},
    "storage": {"since": {"N": "1"}, "until": {"N": "2"}},
    "spend#": {"ticks": {"N": "1"}},
}
STOPPING = [
    pytest.param(name, {**good, attribute: value}, attribute, id=f"{name}-{attribute}-{kind}")
    for name, good in ATTRIBUTES.items()
    for attribute in good
    for kind, value in VALUES.items()
] + [
    pytest.param("circuit#grok", {"state": {"S": "OPEN"}}, "opened_at", id="no opened_at"),
    pytest.param("circuit#grok", {"opened_at": {"N": "1"}}, "state", id="no state"),
    pytest.param("credits", {"until": {"N": "1"}}, "since", id="no since"),
]


def put(parts: Parts, name: str, item: dict[str, Any]) -> None:
    """Put an item; ``spend#`` stands for today's."""
    identity = f"spend#{day_of(parts.now())}" if name == "spend#" else name
    parts.dynamodb.put_item(
        TableName=parts.settings.state_table, Item={"id": {"S": identity}, **item}
    )


@pytest.fixture
def query(clock: Clock) -> Iterator[Query]:
    with mock_aws():
        key = clients.apigateway().create_api_key(name="clients", value=KEY, enabled=True)
        yield Query(make_parts(clock, API_KEY_ID=key["id"], **SETTINGS_WITH_BUDGET))


@pytest.fixture
def worker() -> Iterator[Worker]:
    with mock_aws(), running() as standin:
        settings = {**SETTINGS_WITH_BUDGET, "GROK_API_BASE_URL": standin.address}
        made = Worker(make_parts(RunningClock(), **settings), standin)
        yield made
        made.close()


def metrics(query: Query) -> ClientResponse:
    return query.send(api_event("GET", "/metrics", headers={"x-api-key": KEY}))


@pytest.mark.parametrize(("name", "item", "attribute"), STOPPING)
def test_health_names_the_item_and_attribute_that_stop_calls(
    query: Query, name: str, item: dict[str, Any], attribute: str
) -> None:
    put(query.parts, name, item)
    response = query.get("/health")
    assert (response.status, response.body["worker"]["reason"]) == (503, "state_unreadable")
    assert response.body["worker"]["detail"].startswith(f"item {name}")
    assert f"of the State table: {attribute} is " in response.body["worker"]["detail"]
    assert "until" not in response.body["worker"]
    assert metrics(query).status == 200


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize(
    ("name", "attribute"),
    [("batch_size", "size"), ("pace", "next_us"), ("totals", "calls"), ("circuit#grok", "reason")],
)
def test_what_is_damaged_and_stops_nothing_breaks_no_page(
    query: Query, name: str, attribute: str, value: dict[str, Any]
) -> None:
    item = {attribute: value} | ({"state": {"S": "CLOSED"}} if attribute == "reason" else {})
    put(query.parts, name, item)
    response = query.get("/health")
    assert (response.status, response.body["worker"]) == (200, {"state": "running"})
    assert (metrics(query).status, response.body["batch_size"]) == (200, 5)


@pytest.mark.parametrize("attribute", ["since", "reason"])
def test_a_pause_written_by_hand_with_a_number_is_a_pause_that_names_it(
    query: Query, attribute: str
) -> None:
    put(query.parts, "pause", {attribute: {"N": "1763892900"}})
    response = query.get("/health")
    assert (response.status, response.body["worker"]) == (
        200,
        {
            "state": "paused",
            "reason": "paused_by_operator",
            "detail": f"item pause of the State table: {attribute} is not a text",
        },
    )


def test_an_unreadable_spending_is_left_out_of_the_metrics(query: Query) -> None:
    assert "daily_spend_usd" in metrics(query).body
    put(query.parts, "spend#", {"ticks": {"S": "x"}})
    assert "daily_spend_usd" not in metrics(query).body


def test_an_unreadable_circuit_is_neither_open_nor_closed(query: Query) -> None:
    put(query.parts, "circuit#grok", {"state": {"S": "AJAR"}})
    assert query.get("/health").body["circuit"] == "unknown"


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("circuit#grok", {"state": {"S": "OPEN"}}),
        ("circuit#grok", {"state": {"S": "HALF_OPEN"}, "opened_at": {"N": "1"}}),
        ("circuit#grok", {"state": {"S": "AJAR"}}),
        ("circuit#grok", {"state": {"N": "1"}}),
        ("credits", {"since": {"N": "1"}, "until": {"N": "1.5"}}),
        ("storage", {"since": {"BOOL": False}, "until": {"N": "1"}}),
        ("pause", {"since": {"N": "1763892900"}}),
        ("spend#", {"ticks": {"M": {}}}),
        ("spend#", {"ticks": {"N": "-1000000000"}}),
    ],
)
def test_damaged_state_makes_no_call_and_costs_a_conversation_only_a_delay(
    worker: Worker, name: str, item: dict[str, Any]
) -> None:
    put(worker.parts, name, item)
    one = worker.conversation("text")
    assert worker.run(one) == []
    [(sent, delay)] = worker.sent()
    assert (sent, delay >= 30) == (message(one), True)
    assert (worker.standin.books.calls, worker.dead()) == ([], [])


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize(
    ("name", "attribute"), [("batch_size", "size"), ("pace", "next_us"), ("totals", "calls")]
)
def test_what_stops_nothing_lets_conversations_be_analysed_and_is_repaired(
    worker: Worker, name: str, attribute: str, value: dict[str, Any]
) -> None:
    put(worker.parts, name, {attribute: value})
    ids = worker.conversations(5)
    assert worker.run(*ids) == []
    assert all(worker.insight(one) for one in ids)
    assert worker.state(name)[attribute]["N"] != "x"


def test_damage_is_logged_once_and_again_when_it_changes(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    pauses = parts.pauses
    put(parts, "circuit#grok", {"state": {"S": "AJAR"}})
    for _ in range(3):
        pauses.read(NOW)
    put(parts, "credits", {"since": {"N": "1"}})
    for _ in range(3):
        pauses.read(NOW)
    assert caplog.messages == ["the shared state cannot be read"] * 2
    put(parts, "circuit#grok", {"state": {"S": "CLOSED"}})
    put(parts, "credits", {})
    for _ in range(3):
        pauses.read(NOW)
    assert caplog.messages[2:] == ["the shared state can be read again"]


def test_the_log_names_item_and_attribute_and_no_value(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    put(parts, "circuit#grok", {"state": {"S": "a secret"}})
    parts.pauses.read(NOW)
    damage: list[str] = vars(caplog.records[0])["damage"]
    assert damage == ["item circuit#grok of the State table: state is not a state of a circuit"]


def test_all_shared_state_is_one_request(parts: Parts) -> None:
    asked: list[str] = []
    parts.dynamodb.meta.events.register("before-call", lambda model, **_: asked.append(model.name))
    parts.pauses.read(NOW)
    assert asked == ["BatchGetItem"]
