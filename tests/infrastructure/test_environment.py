"""Each function has exactly the variables that it reads, and they fit within Lambda's limit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from grok_insights import wiring
from grok_insights.aws import clients
from grok_insights.settings import Settings
from grok_insights.wiring import Parts
from tests.builders import environment
from tests.infrastructure.transformed import of_type
from tests.template import template

LAMBDAS_LIMIT_BYTES = 4096
"""Limit for all variables of a function together, measured as one JSON object:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

NOT_SETTINGS = {"AWS_ENDPOINT_URL", "POWERTOOLS_LOG_LEVEL", "POWERTOOLS_SERVICE_NAME"}
"""Variables that botocore and Powertools read."""

REQUIRED = {name.upper() for name, field in Settings.model_fields.items() if field.is_required()}

OVER_HTTP = {"CORS_ALLOWED_ORIGINS", "RATE_LIMIT_REQUESTS", "RATE_LIMIT_WINDOW_SECONDS"}
"""Variables that `functions/ingest` and `functions/query` read themselves, outside their use case.
"""

BUILT_BY: dict[str, tuple[Callable[[Parts], object], set[str]]] = {
    # It reads the last one when it is asked for a preview.
    "IngestFunction": (wiring.ingest, OVER_HTTP | {"ANALYSIS_FUNCTION"}),
    # The table is read for the metrics only.
    "QueryFunction": (wiring.query, OVER_HTTP | {"JOBS_TABLE"}),
    "JobsFunction": (wiring.jobs, OVER_HTTP),
    "ImportFunction": (wiring.import_steps, set()),
    "ReworkFunction": (wiring.rework_steps, set()),
    # The settings compare this one with the time of a call.
    "AnalysisFunction": (wiring.analysis, {"ANALYSIS_TIMEOUT_SECONDS"}),
    # All functions get them.
    "EventsFunction": (wiring.events, {"INDEX_SHARDS", "RETENTION_DAYS"}),
    "AlertsFunction": (wiring.alerts, {"RETENTION_DAYS"}),
}

LONGEST_NAME = "s" * 128
"""The longest name of a stack:
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
"""
LONGEST_REGION = "ap-southeast-1"
A_UUID = "01234567-89ab-cdef-0123-456789abcdef"


class Recording(Settings):
    """Settings that record which of them are read."""

    read: ClassVar[set[str]] = set()

    def __getattribute__(self, name: str) -> Any:
        Recording.read.add(name.upper())
        return super().__getattribute__(name)


def variables(function: str) -> dict[str, Any]:
    """Return a function's variables after the transform; parameters are ``{"Ref": …}``."""
    found: dict[str, Any] = of_type("AWS::Lambda::Function")[function]["Properties"]["Environment"]
    variables: dict[str, Any] = found["Variables"]
    return variables


def read_by(function: str, **settings: str) -> set[str]:
    """Return the variables that a function's use case reads when it is built."""
    build, of_the_function = BUILT_BY[function]
    made = Recording.from_env(environment(**settings))
    Recording.read.clear()
    build(Parts(made, clients.dynamodb(), clients.sqs(), lambda: datetime.now(UTC)))
    names = set(map(str.upper, Settings.model_fields))
    return (Recording.read & names) | of_the_function


@pytest.mark.parametrize("function", BUILT_BY)
def test_a_function_has_every_variable_that_it_reads_and_no_other(function: str) -> None:
    read = read_by(function, GROK_MODE="mock") | read_by(function, GROK_MODE="real")
    # A key in plain text is for local use only.
    expected = (read - {"GROK_API_KEY"}) | REQUIRED
    assert set(variables(function)) - NOT_SETTINGS == expected


@pytest.mark.parametrize("function", BUILT_BY)
def test_a_functions_variables_fit_into_lambdas_limit_at_their_longest(function: str) -> None:
    found = {name: longest(value) for name, value in variables(function).items()}
    measured = json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
    assert len(measured) <= LAMBDAS_LIMIT_BYTES, {k: len(v) for k, v in found.items()}


def longest(value: Any) -> str:
    """Return the longest text that a variable can have."""
    if isinstance(value, str):
        return value
    if "Fn::Select" in value:
        assert value == {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
        return A_UUID
    if "Fn::GetAtt" in value:
        return "b" * 63  # a bucket: the only name that a nested stack returns
    if "Fn::If" in value:
        return max(map(longest, value["Fn::If"][1:]), key=len)
    if "Fn::Sub" in value:
        text = str(value["Fn::Sub"]).replace("${FilesStack.Outputs.Bucket}", "b" * 63)
        return text.replace("${AWS::StackName}", LONGEST_NAME)
    return longest_of(value["Ref"])


def longest_of(name: str) -> str:
    """Return the longest text that a ``Ref`` can return."""
    parameter = template()["Parameters"].get(name)
    if name == "AwsEndpointUrl":
        return ""  # on AWS, where the limit is
    if parameter is not None:
        return longest_parameter(parameter)
    if name == "AWS::StackName":
        return LONGEST_NAME
    if name.endswith("Aliaslive"):
        return f"arn:aws:lambda:{LONGEST_REGION}:123456789012:function:{'f' * 64}:live"
    kind = template()["Resources"][name]["Type"]
    if kind == "AWS::SQS::Queue":
        return f"https://sqs.{LONGEST_REGION}.amazonaws.com/123456789012/{'q' * 80}"
    # CloudFormation names a table after the stack and the logical id, and adds 13 characters.
    return {"AWS::DynamoDB::Table": f"{LONGEST_NAME}-{name}-{'X' * 13}"}.get(kind, "k" * 10)


def longest_parameter(parameter: Mapping[str, Any]) -> str:
    """Return the longest value that the template accepts; a number counts as 12 digits."""
    if "AllowedValues" in parameter:
        return max(map(str, parameter["AllowedValues"]), key=len)
    return "9" * 12 if parameter["Type"] == "Number" else "p" * int(parameter["MaxLength"])
