"""The acceptance suite's own rules: when it waits, and what it reports about a deployed stack."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from scripts.environments import UnusableError
from tests.e2e.acceptance import deployed
from tests.e2e.acceptance.api import Api, shown
from tests.e2e.acceptance.sent import Sent
from tests.e2e.acceptance.stack import Stack

ARN = "arn:aws:sqs:us-east-1:123456789012:analysis"
OTHER_ARN = "arn:aws:sqs:us-east-1:123456789012:dead"
PARAMETERS = {"MaxBatchSize": "50", "QueueFlushTimeoutSeconds": "1", "AnalysisConcurrency": "5"}


def api(*responses: httpx.Response) -> tuple[Api, list[float]]:
    """Return an API with these responses in turn, and the list of its client's waits."""
    left, waited = list(responses), list[float]()
    transport = httpx.MockTransport(lambda _: left.pop(0))
    return Api("https://api.example/v1", "a-key", waited.append, transport), waited


def test_a_throttled_request_is_sent_again_after_the_time_that_the_api_asks_for() -> None:
    client, waited = api(httpx.Response(429, headers={"retry-after": "7"}), httpx.Response(200))
    assert client.get("/api/v1/insights").status_code == 200
    assert waited == [7.0]


def test_a_full_queue_is_waited_for_and_an_unhealthy_stack_is_not() -> None:
    client, waited = api(httpx.Response(503, headers={"retry-after": "5"}), httpx.Response(202))
    assert client.post("/api/v1/conversations", {}).status_code == 202
    assert waited == [5.0]
    client, waited = api(httpx.Response(503, json={"status": "unhealthy"}))
    assert client.get("/health").status_code == 503
    assert waited == []


def test_a_wait_of_hours_and_a_sixth_throttling_are_not_waited_for() -> None:
    client, waited = api(httpx.Response(429, headers={"retry-after": "3600"}))
    assert client.get("/x").status_code == 429
    assert waited == []
    client, waited = api(*[httpx.Response(429)] * 5)
    assert client.get("/x").status_code == 429
    assert waited == [1.0] * 5


def test_a_failed_check_shows_the_response_and_never_the_key() -> None:
    client, _ = api(httpx.Response(500, text="the log\nsays why"))
    said = shown(client.get("/api/v1/insights"))
    assert said == "GET /v1/api/v1/insights responds with 500: the log says why"


def test_what_cannot_be_deleted_is_named_with_the_reason() -> None:
    sent = Sent("a-run")
    deleted = [httpx.Response(204)] * (len(sent.ids) - 1)
    client, _ = api(*deleted, httpx.Response(500, text="broken"))
    failed = sent.erase(client)
    assert [reason.partition(" responds with ")[2] for reason in failed.values()] == ["500: broken"]
    assert sent.erased == sent.ids - failed.keys()


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "no stack is named"),
        ({"API_URL": "https://api.example/v1"}, "no stack is named"),
        ({"ENV": "prd"}, "must be one of dev, staging, prod"),
        ({"API_URL": "u", "API_KEY": "k", "TIMEOUT": "soon"}, "TIMEOUT is 'soon'"),
        ({"API_URL": "u", "API_KEY": "k", "TIMEOUT": "-1"}, "TIMEOUT is '-1'"),
    ],
)
def test_a_stack_that_is_not_named_is_refused_in_a_sentence(
    environ: dict[str, str], said: str
) -> None:
    with pytest.raises(UnusableError, match=said):
        Stack.from_environ(environ)


def test_a_stack_is_named_by_its_url_and_key_alone_and_shows_no_key() -> None:
    stack = Stack.from_environ({"API_URL": "https://api.example/v1/", "API_KEY": "secret"})
    assert (stack.url, stack.name, stack.timeout_seconds) == ("https://api.example/v1", "", 180.0)
    assert "secret" not in repr(stack)


def mapping(**overrides: Any) -> dict[str, Any]:
    return {
        "State": "Enabled",
        "BatchSize": 50,
        "MaximumBatchingWindowInSeconds": 1,
        "ScalingConfig": {"MaximumConcurrency": 5},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        **overrides,
    }


@pytest.mark.parametrize(
    ("overrides", "faults"),
    [
        ({}, []),
        ({"State": "Disabled"}, ["State"]),
        ({"BatchSize": 10}, ["BatchSize"]),
        ({"ScalingConfig": {"MaximumConcurrency": 2}}, ["ScalingConfig"]),
        ({"ScalingConfig": {}, "FunctionResponseTypes": []}, ["ScalingConfig", "FunctionResponse"]),
    ],
)
def test_an_event_source_mapping_is_compared_with_the_parameters(
    overrides: dict[str, Any], faults: list[str]
) -> None:
    found = deployed.mapping_faults(mapping(**overrides), PARAMETERS)
    assert len(found) == len(faults)
    assert all(said.startswith(name) for said, name in zip(found, faults, strict=True))


@pytest.mark.parametrize(
    ("visibility", "redrive", "count"),
    [("720", '{"deadLetterTargetArn": "x"}', 0), ("719", "{}", 2)],
)
def test_a_queue_that_hides_messages_too_briefly_or_has_no_dead_letter_queue_is_at_fault(
    visibility: str, redrive: str, count: int
) -> None:
    attributes = {"VisibilityTimeout": visibility, "RedrivePolicy": redrive}
    assert len(deployed.queue_faults(attributes, 120)) == count


def statement(resource: Any = ARN, **overrides: Any) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        **overrides,
    }


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([statement()], ""),
        ([statement(Principal={"AWS": "*"}, Resource=[ARN], Action=["SQS:*"])], ""),
        ([statement([ARN, OTHER_ARN])], "names"),
        ([statement(OTHER_ARN)], "names"),
        ([statement(), statement(OTHER_ARN)], "names"),
        ([statement(Effect="Allow")], "does not deny"),
        ([statement(Condition={})], "does not deny"),
        ([statement(Action="sqs:SendMessage")], "does not deny"),
        ([], "does not deny"),
    ],
)
def test_a_queue_takes_tls_only_by_one_statement_about_itself(
    statements: list[dict[str, Any]], said: str
) -> None:
    found = deployed.tls_faults({"QueueArn": ARN, "Policy": json.dumps({"Statement": statements})})
    assert said in "".join(found)
    assert bool(found) is bool(said)


def test_a_queue_without_a_policy_is_at_fault() -> None:
    assert deployed.tls_faults({"QueueArn": ARN}) == [f"{ARN} has no policy"]


@pytest.mark.parametrize(
    ("protected", "recovery", "ttl", "faults"),
    [
        (True, "ENABLED", "ENABLED", []),
        (False, "ENABLED", "ENABLED", ["insights lacks deletion protection"]),
        (True, "DISABLED", "ENABLED", ["insights lacks point-in-time recovery"]),
        (True, "ENABLED", "DISABLED", ["insights lacks expiry by TTL"]),
    ],
)
def test_a_table_is_compared_with_what_the_template_asks_for(
    protected: bool, recovery: str, ttl: str, faults: list[str]
) -> None:
    found = deployed.table_faults(
        {"TableName": "insights", "DeletionProtectionEnabled": protected},
        {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": recovery}},
        {"TimeToLiveStatus": ttl},
        is_protected=True,
        expires=True,
    )
    assert found == faults


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({}, ""),
        ({"deploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce"}, "at once"),
        ({"alarmConfiguration": {"enabled": True, "alarms": []}}, "watches no alarm"),
        ({"autoRollbackConfiguration": {"enabled": False}}, "does not roll back"),
    ],
)
def test_a_deployment_group_shifts_traffic_in_steps_and_rolls_back(
    overrides: dict[str, Any], said: str
) -> None:
    group = {
        "deploymentGroupName": "ingest",
        "deploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
        "alarmConfiguration": {"enabled": True, "alarms": [{"name": "errors"}]},
        "autoRollbackConfiguration": {"enabled": True},
        **overrides,
    }
    found = deployed.rollout_faults(group)
    assert said in "".join(found)
    assert bool(found) is bool(said)


def test_the_mapping_of_the_stream_is_compared_with_the_template() -> None:
    mapping = {
        "State": "Enabled",
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnFailure": {"Destination": OTHER_ARN}},
        "LastProcessingResult": "OK",
    }
    queue = {"QueueArn": OTHER_ARN}
    assert deployed.stream_mapping_faults(mapping, queue) == []
    [disabled] = deployed.stream_mapping_faults(mapping | {"State": "Disabled"}, queue)
    assert "State of the stream's mapping is Disabled" in disabled
    [elsewhere] = deployed.stream_mapping_faults(mapping, {"QueueArn": ARN})
    assert "DestinationConfig" in elsewhere
    failed = mapping | {"LastProcessingResult": "PROBLEM: Function call failed"}
    [problem] = deployed.stream_mapping_faults(failed, queue)
    assert "was not processed" in problem


def test_the_webhook_s_target_repeats_for_a_day_and_has_a_dead_letter_queue() -> None:
    target: dict[str, Any] = {
        "RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185},
        "DeadLetterConfig": {"Arn": OTHER_ARN},
    }
    assert deployed.webhook_faults([target]) == []
    assert len(deployed.webhook_faults([{}])) == 2
    assert deployed.webhook_faults([]) == ["the webhook's rule has 0 targets, not 1"]


def test_a_method_that_calls_a_function_without_its_alias_is_found() -> None:
    def resource(path: str, uri: str) -> dict[str, Any]:
        return {"path": path, "resourceMethods": {"GET": {"methodIntegration": {"uri": uri}}}}

    functions = "arn:aws:apigateway:us-east-1:lambda:path/functions/arn:aws:lambda:x:1:function"
    resources = [
        resource("/health", f"{functions}:query:live/invocations"),
        resource("/metrics", f"{functions}:query/invocations"),
        {"path": "/"},
    ]
    assert deployed.integrations_past_alias(resources, "live") == ["GET /metrics"]
