"""Alarms and dashboard use metrics that the functions emit, with the dimensions that they emit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from grok_insights.telemetry import NAMESPACE
from scripts import pause
from scripts.local.aws import EmulatorSession
from tests.e2e.conftest import Client, Stack, bring_up, ended_job, make_client, start_import, until
from tests.e2e.test_alerts import RULES, evaluate
from tests.e2e.test_pipeline import ANGRY, insight
from tests.infrastructure.watched import STACK, watched
from tests.standin import running

Metric = tuple[str, str, frozenset[tuple[str, str]]]
SETTINGS = {
    "AUTH": "true",
    "STACK_NAME": "grok-insights-watched",
    "ANALYSIS_CONCURRENCY": "2",
    "GROK_MODE": "real",
    "GROK_API_KEY": "xai-a-key-of-the-metrics-test",
    "DAILY_BUDGET_USD": "100",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with a stand-in of Grok and a budget, because some metrics need these."""
    with running() as grok:
        settings = {**SETTINGS, "GROK_API_BASE_URL": grok.address}
        with bring_up(tmp_path_factory.mktemp("watched"), settings) as environment:
            yield Stack(environment, EmulatorSession(environment["AWS_ENDPOINT_URL"]))


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[Client]:
    made = make_client(stack, stack.name("API_KEY"))
    yield made
    made.http.close()


def emitted(stack: Stack) -> set[Metric]:
    """Return every metric of ours in the logs of all functions: namespace, name and dimensions."""
    return {
        metric
        for function in ("ingest", "query", "analysis", "events", "import", "rework", "alerts")
        for line in _lines(stack, function)
        for metric in _metrics(line)
    }


def _metrics(line: str) -> Iterator[Metric]:
    """Return the metrics of a line in the embedded metric format; nothing for any other line."""
    if not line.startswith('{"_aws"'):
        return
    document: dict[str, Any] = json.loads(line)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = frozenset((name, document[name]) for name in names)
            for metric in directive["Metrics"]:
                yield directive["Namespace"], metric["Name"], dimensions


def values(stack: Stack) -> list[tuple[str, Any]]:
    """Return the values of the analysis' metrics, batch by batch."""
    lines = [line for line in _lines(stack, "analysis") if line.startswith('{"_aws"')]
    documents: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [(name, value) for document in documents for name, value in document.items()]


def _lines(stack: Stack, function: str) -> Iterator[str]:
    pages = stack.session.logs().get_paginator("filter_log_events")
    group = f"/aws/lambda/{stack.name('STACK_NAME')}-{function}"
    for page in pages.paginate(logGroupName=group):
        yield from (event["message"] for event in page["events"])


def lose_the_state_table(stack: Stack, client: Client) -> None:
    """Send one request whose rate limit cannot be counted."""
    name = stack.name("INGEST_FUNCTION_NAME")
    role = stack.session.functions().get_function_configuration(FunctionName=name)["Role"]
    denied = {"Effect": "Deny", "Action": "dynamodb:UpdateItem", "Resource": "*"}
    policy = {"RoleName": role.rsplit("/", 1)[-1], "PolicyName": "lost-for-a-moment"}
    iam = stack.session.client("iam")
    iam.put_role_policy(
        **policy, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    )
    try:
        response = client.post("/api/v1/conversations", {"text": ANGRY})
    finally:
        iam.delete_role_policy(**policy)
    assert response.status_code == 202
    assert "ratelimit-limit" not in response.headers


def test_everything_that_is_watched_is_emitted(stack: Stack, client: Client) -> None:
    insight(client, client.post("/api/v1/conversations", {"text": ANGRY}).json()["id"])
    job = start_import(client, b'{"text": "All fine, thank you"}\n')
    assert ended_job(client, job, 60)["status"] == "completed"
    again = client.post("/api/v1/jobs", {"kind": "reanalysis", "filter": {"status": "completed"}})
    rework = f"/api/v1/jobs/{again.json()['id']}"
    assert ended_job(client, rework, 180)["status"] == "completed"
    lose_the_state_table(stack, client)
    rule = {"name": "negative", "label": "sentiment:negative", "above": 0, "window": "1d"}
    assert client.post(RULES, rule).status_code == 201
    evaluate(stack)
    name = stack.name("STACK_NAME")
    wanted = {
        (
            one.namespace,
            one.name,
            frozenset((key, name if value == STACK else value) for key, value in one.dimensions),
        )
        for one in watched()
        if one.namespace == NAMESPACE
    }
    assert len(wanted) > 15
    until(lambda: wanted <= emitted(stack), 20, f"emitted: {sorted(wanted - emitted(stack))}")


def test_a_pause_holds_everything_back_says_why_and_ends(stack: Stack, client: Client) -> None:
    dynamodb, table = stack.session.dynamodb(), stack.name("STATE_TABLE_NAME")
    pause.pause(dynamodb, table, "a rehearsal", datetime(2026, 11, 23, 12, tzinfo=UTC))
    identity = client.post("/api/v1/conversations", {"text": ANGRY}).json()["id"]
    until(lambda: client.get("/health").json()["worker"]["state"] == "paused", 10, "a pause")
    worker = client.get("/health").json()["worker"]
    assert "a rehearsal" in json.dumps(worker)
    assert "2026-11-23T12:00:00" in json.dumps(worker)
    until(lambda: ("WorkerPaused", [1.0]) in values(stack), 30, "a batch that was held back")
    assert client.get(f"/api/v1/insights/{identity}").status_code == 202
    assert pause.resume(dynamodb, table)
    until(lambda: client.get("/health").json()["worker"]["state"] == "running", 10, "running")
