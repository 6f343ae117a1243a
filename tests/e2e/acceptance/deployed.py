"""The state of a deployed resource in AWS, compared with the template.

Each function returns the differences as sentences, or an empty list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Described = Mapping[str, Any]


def mapping_faults(mapping: Described, parameters: Mapping[str, str]) -> list[str]:
    """Compare the event source mapping between queue and function with the parameters."""
    expected = {
        "State": "Enabled",
        "BatchSize": int(parameters["MaxBatchSize"]),
        "MaximumBatchingWindowInSeconds": int(parameters["QueueFlushTimeoutSeconds"]),
        "ScalingConfig": {"MaximumConcurrency": int(parameters["AnalysisConcurrency"])},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    return [
        f"{name} of the event source mapping is {mapping.get(name)}, not {value}"
        for name, value in expected.items()
        if mapping.get(name) != value
    ]


def stream_mapping_faults(mapping: Described, dead_letters: Mapping[str, str]) -> list[str]:
    """Compare the event source mapping between stream and function with the template."""
    expected = {
        "State": "Enabled",
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnFailure": {"Destination": dead_letters["QueueArn"]}},
    }
    faults = [
        f"{name} of the stream's mapping is {mapping.get(name)}, not {value}"
        for name, value in expected.items()
        if mapping.get(name) != value
    ]
    result = str(mapping.get("LastProcessingResult", ""))
    if result.startswith(("PROBLEM", "FAILED")):
        faults.append(f"the last batch of the stream was not processed: {result}")
    return faults


def webhook_faults(targets: Iterable[Described]) -> list[str]:
    """Check the targets of the rule that sends events to the webhook."""
    retries = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
    found = list(targets)
    if len(found) != 1:
        return [f"the webhook's rule has {len(found)} targets, not 1"]
    faults = []
    if found[0].get("RetryPolicy") != retries:
        faults.append(f"deliveries are repeated by {found[0].get('RetryPolicy')}, not {retries}")
    if not found[0].get("DeadLetterConfig", {}).get("Arn"):
        faults.append("the webhook has no dead-letter queue")
    return faults


def queue_faults(attributes: Mapping[str, str], function_timeout_seconds: int) -> list[str]:
    """Check a queue that invokes a function: its visibility timeout and its dead-letter queue."""
    faults = []
    hidden = int(attributes["VisibilityTimeout"])
    if hidden < 6 * function_timeout_seconds:
        faults.append(f"a message is hidden for {hidden} s, less than 6 x the function's timeout")
    if "deadLetterTargetArn" not in json.loads(attributes.get("RedrivePolicy", "{}")):
        faults.append("the queue has no dead-letter queue")
    return faults


def tls_faults(attributes: Mapping[str, str]) -> list[str]:
    """Check that a queue's policy denies requests without TLS to this queue."""
    arn = attributes["QueueArn"]
    if "Policy" not in attributes:
        return [f"{arn} has no policy"]
    statements = json.loads(attributes["Policy"])["Statement"]
    denies = [one for one in statements if _denies_plain_http(one)]
    if not denies:
        return [f"the policy of {arn} does not deny requests without TLS"]
    resources = [_as_list(one["Resource"]) for one in denies]
    return [] if resources == [[arn]] else [f"the policy of {arn} names {resources}"]


def _denies_plain_http(statement: Described) -> bool:
    condition = statement.get("Condition", {}).get("Bool", {})
    return (
        statement["Effect"] == "Deny"
        and "*" in _as_list(statement["Principal"])
        and _as_list(statement["Action"]) in (["sqs:*"], ["SQS:*"])
        and str(condition.get("aws:SecureTransport")).lower() == "false"
    )


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = value.get("AWS", [])
    return value if isinstance(value, list) else [value]


def table_faults(
    table: Described, backups: Described, ttl: Described, *, is_protected: bool, expires: bool
) -> list[str]:
    """Check a table's deletion protection, point-in-time recovery and expiry."""
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    wanted = {
        "deletion protection": (table.get("DeletionProtectionEnabled", False), is_protected),
        "point-in-time recovery": (recovery == "ENABLED", True),
        "expiry by TTL": (ttl["TimeToLiveStatus"] in {"ENABLED", "ENABLING"}, expires),
    }
    return [
        f"{table['TableName']} {'has' if found else 'lacks'} {name}"
        for name, (found, expected) in wanted.items()
        if found != expected
    ]


def rollout_faults(group: Described) -> list[str]:
    """Check the CodeDeploy deployment group of a function."""
    name, config = group["deploymentGroupName"], group["deploymentConfigName"]
    faults = []
    if "Canary" not in config and "Linear" not in config:
        faults.append(f"{name} shifts all traffic at once: {config}")
    if not group.get("alarmConfiguration", {}).get("alarms"):
        faults.append(f"{name} watches no alarm")
    if not group.get("autoRollbackConfiguration", {}).get("enabled"):
        faults.append(f"{name} does not roll back")
    return faults


def integrations_past_alias(resources: Iterable[Described], alias: str) -> list[str]:
    """Return the methods of an API that call a function other than by its alias."""
    return [
        f"{method} {resource['path']}"
        for resource in resources
        for method, described in resource.get("resourceMethods", {}).items()
        if "/functions/" in (uri := described.get("methodIntegration", {}).get("uri", ""))
        and f":{alias}/invocations" not in uri
    ]
