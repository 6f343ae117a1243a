"""The Step Functions of the simulation responds as moto does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.functional.imports import ROLE
from tests.simulation.contract import Both
from tests.simulation.stepfunctions import StepFunctions

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:reanalysis"
EXECUTION = MACHINE.replace("stateMachine", "execution")
SHOWN = ("executionArn", "stateMachineArn", "status", "input")


class Shown:
    """Another service, of whose responses only what the model has is compared."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> dict[str, Any]:
            response = getattr(self.client, operation)(**request)
            return {name: response[name] for name in SHOWN if name in response}

        return call


@pytest.fixture
def both() -> Iterator[Both]:
    with mock_aws():
        client = boto3.client("stepfunctions")
        definition = '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}'
        client.create_state_machine(name="reanalysis", definition=definition, roleArn=ROLE)
        yield Both(StepFunctions({MACHINE}), Shown(client))


def start(both: Both, name: str = "a", content: str = "{}") -> Any:
    return both("start_execution", stateMachineArn=MACHINE, name=name, input=content)


def test_an_execution_runs_until_it_is_stopped(both: Both) -> None:
    start(both)
    assert both("describe_execution", executionArn=f"{EXECUTION}:a")["status"] == "RUNNING"
    for _ in range(2):
        both("stop_execution", executionArn=f"{EXECUTION}:a")
    assert both("describe_execution", executionArn=f"{EXECUTION}:a")["status"] == "ABORTED"


def test_the_same_execution_is_started_once_while_it_runs(both: Both) -> None:
    assert start(both) == start(both)


def test_a_name_is_not_used_for_another_execution(both: Both) -> None:
    start(both)
    assert start(both, content='{"run": 2}')["error"] == "ExecutionAlreadyExists"


def test_an_execution_that_has_ended_is_not_started_again(both: Both) -> None:
    start(both)
    both("stop_execution", executionArn=f"{EXECUTION}:a")
    assert start(both)["error"] == "ExecutionAlreadyExists"


@pytest.mark.parametrize("operation", ["stop_execution", "describe_execution"])
def test_an_unknown_execution_does_not_exist(both: Both, operation: str) -> None:
    assert both(operation, executionArn=f"{EXECUTION}:b")["error"] == "ExecutionDoesNotExist"


def test_an_unknown_state_machine_does_not_exist(both: Both) -> None:
    unknown = f"{MACHINE}-2"
    refused = both("start_execution", stateMachineArn=unknown, name="a", input="{}")
    assert refused["error"] == "StateMachineDoesNotExist"
