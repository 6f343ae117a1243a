"""Alarms and dashboard use metrics that exist, and alarms notify somebody."""

from __future__ import annotations

from typing import Any

import pytest

from grok_insights.telemetry import NAMESPACE
from tests.infrastructure.watched import EVERY_INDEX, STACK, Watched, watched, widgets, written_out
from tests.template import PATH, resources, template

# Names and dimensions as AWS documents them: "metrics and dimensions" of each service's guide.
AWS_METRICS: dict[str, tuple[list[set[str]], set[str]]] = {
    "AWS/Lambda": (
        [{"FunctionName"}],
        {
            "Errors",
            "Duration",
            "Throttles",
            "ConcurrentExecutions",
            "Invocations",
            "RecursiveInvocationsDropped",
            "IteratorAge",
        },
    ),
    "AWS/SQS": (
        [{"QueueName"}],
        {
            "ApproximateNumberOfMessagesVisible",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateAgeOfOldestMessage",
        },
    ),
    "AWS/States": (
        [{"StateMachineArn"}],
        {
            "ExecutionsStarted",
            "ExecutionsSucceeded",
            "ExecutionsFailed",
            "ExecutionsAborted",
            "ExecutionsTimedOut",
        },
    ),
    "AWS/ApiGateway": ([{"ApiName", "Stage"}], {"Count", "4XXError", "5XXError", "Latency"}),
    "AWS/Events": (
        [{"EventBusName", "RuleName"}],
        {"InvocationAttempts", "RetryInvocationAttempts", "FailedInvocations"},
    ),
    "AWS/DynamoDB": (
        # The metrics of a table do not include its indexes.
        [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
        {
            "TransactionConflict",
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
            "ReadThrottleEvents",
            "WriteThrottleEvents",
        },
    ),
}
KINDS = {
    "FunctionName": "AWS::Serverless::Function",
    "TableName": "AWS::DynamoDB::Table",
    "QueueName": "AWS::SQS::Queue",
}
ALARMS = resources("AWS::CloudWatch::Alarm")
OF_AWS = sorted(
    {one for one in watched() if one.namespace != NAMESPACE},
    key=lambda one: (one.by, one.name, sorted(one.dimensions)),
)


@pytest.mark.parametrize("one", OF_AWS, ids=[f"{one.by}: {one.name}" for one in OF_AWS])
def test_what_is_watched_of_aws_is_reported_by_aws(one: Watched) -> None:
    dimensions, names = AWS_METRICS[one.namespace]
    assert one.name in names
    assert {name for name, _ in one.dimensions} in dimensions
    for name, value in one.dimensions:
        if name in KINDS:
            assert template()["Resources"][value.split(".")[0]]["Type"] == KINDS[name]


def test_our_own_metrics_are_told_apart_by_the_stack() -> None:
    ours = [one for one in watched() if one.namespace == NAMESPACE]
    assert len(ours) > 20
    assert {one.dimensions for one in ours} == {frozenset({("service", STACK)})}
    environment = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert environment["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_says_what_is_wrong_and_tells_when_it_begins_and_ends(alarm: str) -> None:
    assert len(ALARMS[alarm]["AlarmDescription"]) > 20
    assert ALARMS[alarm]["AlarmActions"] == ALARMS[alarm]["OKActions"] == [{"Ref": "Topic"}]
    assert "Topic" in resources("AWS::SNS::Topic")
    assert "TreatMissingData" in ALARMS[alarm]


def test_every_function_has_alarms_for_errors_slowness_and_throttles() -> None:
    for function in resources("AWS::Serverless::Function"):
        base = function.removesuffix("Function")
        assert {f"{base}ErrorsAlarm", f"{base}SlowAlarm", f"{base}ThrottledAlarm"} <= set(ALARMS)


def test_operations_explains_every_alarm() -> None:
    text = (PATH.parent / "docs" / "operations.md").read_text(encoding="utf-8")
    missing = [alarm for alarm in ALARMS if f"`{alarm}`" not in text]
    assert not missing


def test_the_dashboard_shows_what_operators_ask_for() -> None:
    titles = " ".join(widget["properties"].get("title", "").lower() for widget in widgets())
    wanted = {"requests", "queue", "oldest", "grok", "errors", "latency", "cost", "tokens"}
    wanted |= {"batch", "circuit", "dynamodb"}
    assert {word for word in wanted if word not in titles} == set()


def test_throttles_and_units_of_indexes_are_watched_beside_those_of_their_table() -> None:
    for table, properties in resources("AWS::DynamoDB::Table").items():
        if "GlobalSecondaryIndexes" not in properties:
            continue
        for_indexes = frozenset({("TableName", table), ("GlobalSecondaryIndexName", EVERY_INDEX)})
        found = {(one.name, one.by) for one in watched() if one.dimensions == for_indexes}
        assert {
            ("WriteThrottleEvents", "InsightIndexesThrottledAlarm"),
            ("WriteThrottleEvents", "the dashboard's DynamoDB: throttled"),
            ("ConsumedWriteCapacityUnits", "the dashboard's DynamoDB: write units"),
        } <= found, table


def test_transaction_conflicts_of_every_table_are_shown() -> None:
    shown = {
        dict(one.dimensions)["TableName"] for one in watched() if one.name == "TransactionConflict"
    }
    assert shown == set(resources("AWS::DynamoDB::Table"))


def test_abbreviated_metrics_are_read_as_cloudwatch_reads_them() -> None:
    metrics: list[list[Any]] = [
        ["AWS/Lambda", "Errors", "FunctionName", "one", {"label": "1"}],
        ["...", "another", {"label": "2"}],
        [".", "Throttles", ".", "."],
        ["...", {"stat": "p99"}],
        [{"expression": "SEARCH"}],
        [".", ".", ".", "third"],
    ]
    assert list(written_out(metrics)) == [
        ["AWS/Lambda", "Errors", "FunctionName", "one", {"label": "1"}],
        ["AWS/Lambda", "Errors", "FunctionName", "another", {"label": "2"}],
        ["AWS/Lambda", "Throttles", "FunctionName", "another"],
        ["AWS/Lambda", "Throttles", "FunctionName", "another", {"stat": "p99"}],
        [{"expression": "SEARCH"}],
        ["AWS/Lambda", "Throttles", "FunctionName", "third"],
    ]


def test_no_widget_covers_another() -> None:
    seen: set[tuple[int, int]] = set()
    for widget in widgets():
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & seen
        assert widget["x"] + widget["width"] <= 24
        seen |= cells
