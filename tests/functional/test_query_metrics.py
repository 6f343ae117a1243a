"""Metrics for Prometheus, and the key that they need, with AWS by moto."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws
from prometheus_client.parser import text_string_to_metric_families

from grok_insights.aws import clients
from grok_insights.aws.api_key import ApiKey
from grok_insights.domain import totals
from grok_insights.domain.alert_rules import AlertRule, WindowCount
from grok_insights.domain.alerts import Counted
from grok_insights.domain.job import StepName
from grok_insights.errors import Unavailable
from grok_insights.flow.budget import day_of
from tests.builders import api_event
from tests.functional.conftest import Clock, make_parts
from tests.functional.imports import PART_LINES, Imports, jsonl
from tests.functional.query import ClientResponse, Query

KEY = "a-key-of-at-least-twenty-characters"


@pytest.fixture
def query(clock: Clock) -> Iterator[Query]:
    with mock_aws():
        key = clients.apigateway().create_api_key(name="clients", value=KEY, enabled=True)
        yield Query(make_parts(clock, API_KEY_ID=key["id"]))


def scrape(query: Query, **headers: str) -> ClientResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return query.send(api_event("GET", "/metrics", headers=named))


def samples(text: str) -> dict[str, float]:
    """Return all samples by their name and labels, read with Prometheus' own parser."""
    return {
        sample.name + "".join(f"|{value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_breached_alerts_are_counted_and_left_out_if_they_cannot_be_read(query: Query) -> None:
    rule = AlertRule(name="negative", label="sentiment:negative", above=0)
    breach = {"negative": Counted(WindowCount(1, 1), WindowCount(0, 0))}
    query.parts.alerts.change(
        lambda book: book.with_rule(rule).evaluated(breach, query.parts.now())
    )
    assert samples(scrape(query, x_api_key=KEY).body)["alerts_breached"] == 1
    query.parts.dynamodb.put_item(
        TableName=query.parts.settings.state_table, Item={"id": {"S": "alerts"}}
    )
    assert "alerts_breached" not in scrape(query, x_api_key=KEY).body


def test_jobs_are_counted_by_kind_with_their_progress_and_the_longest_time_without(
    query: Query, clock: Clock
) -> None:
    imports = Imports(query.parts)
    imports.imported(jsonl({"text": "One"}))
    imports.imported(b"bad")
    running = imports.start(jsonl(*({"text": f"{n}"} for n in range(PART_LINES + 1))) + b"bad\n")
    imports.step(StepName.READ, running)
    imports.step(StepName.PART, running, part=0)
    imports.step(StepName.PLAN, running)
    clock.move(seconds=90)
    found = samples(scrape(query, x_api_key=KEY).body)
    assert found["jobs|import|running"] == 1
    assert found["jobs|import|completed"] == 1
    assert found["jobs|import|failed"] == 1
    assert found["jobs|reanalysis|running"] == 0
    assert found["job_items_done|import"] == PART_LINES
    assert found["job_items_total|import"] == PART_LINES + 2
    assert found["job_seconds_without_progress|import"] == 90


def test_events_that_were_given_up_are_counted(query: Query) -> None:
    parts = query.parts
    parts.sqs.send_message(QueueUrl=parts.settings.webhook_dead_letter_queue_url, MessageBody="x")
    found = samples(scrape(query, x_api_key=KEY).body)
    assert (found["events_undelivered|bus"], found["events_undelivered|webhook"]) == (0, 1)


def test_totals_add_up_over_functions_and_are_read_by_prometheus(query: Query) -> None:
    state = query.parts.counters
    state.add_totals(totals.of_call(0.3, tokens=100, cost_ticks=1_700_000))
    state.add_totals(totals.of_call(0.1, tokens=50, cost_ticks=800_000))
    state.add_totals(totals.of_call(31.0, error="transient"))
    state.learn_batch_size(12)
    response = scrape(query, x_api_key=KEY)
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = samples(response.body)
    assert found["grok_calls_total"] == 3
    assert found["grok_call_errors|transient"] == 1
    assert found["grok_tokens_total"] == 150
    assert found["estimated_cost_usd"] == 0.00025
    assert found["grok_call_latency_seconds_bucket|0.1"] == 1
    assert found["grok_call_latency_seconds_bucket|0.5"] == 2
    assert found["grok_call_latency_seconds_bucket|30.0"] == 2
    assert found["grok_call_latency_seconds_bucket|+Inf"] == 3
    assert found["grok_call_latency_seconds_count"] == 3
    assert found["grok_call_latency_seconds_sum"] == 31.4
    assert found["adaptive_batch_size"] == 12


def test_the_budget_of_a_day_is_shown_with_the_spending(clock: Clock) -> None:
    with mock_aws():
        key = clients.apigateway().create_api_key(name="clients", value=KEY, enabled=True)
        query = Query(make_parts(clock, API_KEY_ID=key["id"], DAILY_BUDGET_USD="2.50"))
        day = day_of(query.parts.now())
        assert query.parts.spending.reserve(day, 7_500_000_000, 25_000_000_000)
        found = samples(scrape(query, x_api_key=KEY).body)
        assert (found["daily_budget_usd"], found["daily_spend_usd"]) == (2.5, 0.75)


def test_before_the_first_call_everything_is_there_and_zero(query: Query) -> None:
    found = samples(scrape(query, x_api_key=KEY).body)
    assert found.pop("adaptive_batch_size") == 5
    assert set(found.values()) == {0}
    assert {"grok_calls_total", "grok_call_errors|transient", "dead_letters"} <= found.keys()


@pytest.mark.parametrize("authorization", [f"Bearer {KEY}", f"bearer {KEY}"])
def test_the_key_may_come_as_prometheus_sends_a_token(query: Query, authorization: str) -> None:
    assert scrape(query, authorization=authorization).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_api_key": ""},
        {"x_api_key": KEY[:-1]},
        {"authorization": "Bearer"},
        {"authorization": f"Basic {KEY}"},
        {"authorization": KEY},
        {"x_api_key": "ä" * 20},
    ],
)
def test_nothing_is_shown_without_the_key(query: Query, headers: dict[str, str]) -> None:
    response = scrape(query, **headers)
    assert (response.status, response.body["title"]) == (401, "Unauthorized")


def test_a_disabled_key_opens_nothing_after_five_minutes(query: Query, clock: Clock) -> None:
    assert scrape(query, x_api_key=KEY).status == 200
    off = {"op": "replace", "path": "/enabled", "value": "false"}
    key = query.parts.settings.api_key_id
    clients.apigateway().update_api_key(apiKey=key, patchOperations=[off])  # type: ignore[list-item]
    clock.move(minutes=6)
    assert scrape(query, x_api_key=KEY).status == 401


def test_a_deleted_key_opens_nothing_after_five_minutes(query: Query, clock: Clock) -> None:
    assert scrape(query, x_api_key=KEY).status == 200
    clients.apigateway().delete_api_key(apiKey=query.parts.settings.api_key_id)
    clock.move(minutes=6)
    assert scrape(query, x_api_key=KEY).status == 401


def test_while_api_gateway_is_down_a_known_key_serves_on_and_an_unknown_one_waits(
    query: Query, clock: Clock
) -> None:
    client = clients.apigateway()
    known, unknown = (
        ApiKey(lambda: client, query.parts.settings.api_key_id, clock) for _ in range(2)
    )
    assert known.matches(KEY)
    client.meta.events.register_first("before-send", _time_out)
    clock.move(minutes=6)
    assert known.matches(KEY)
    assert not known.matches("another")
    with pytest.raises(Unavailable):
        unknown.matches(KEY)


def _time_out(request: Any, **_: Any) -> None:
    raise ReadTimeoutError(endpoint_url=request.url)
