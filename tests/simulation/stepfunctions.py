"""AWS Step Functions in memory: executions that start, stop and end, with boto's own errors.

It is independent of the simulation, which runs the steps of an execution when ``begin`` says so.
Contract tests compare it with moto.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.dynamodb import error

RUNNING, SUCCEEDED, FAILED, ABORTED = "RUNNING", "SUCCEEDED", "FAILED", "ABORTED"


@dataclass
class Execution:
    """One execution of a state machine."""

    arn: str
    machine: str
    input: str
    status: str = RUNNING


def _nothing(_: Execution) -> None:
    """Do nothing."""


@dataclass
class StepFunctions:
    """The service. Its methods are those of boto's client."""

    machines: set[str]
    begin: Callable[[Execution], None] = _nothing
    abort: Callable[[Execution], None] = _nothing
    executions: dict[str, Execution] = field(default_factory=dict)

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:  # noqa: A002 - boto's name
        """Start an execution. The same request again changes nothing while it runs."""
        operation = "StartExecution"
        if stateMachineArn not in self.machines:
            raise error("StateMachineDoesNotExist", "no such state machine", operation)
        arn = f"{stateMachineArn.replace(':stateMachine:', ':execution:')}:{name}"
        known = self.executions.get(arn)
        if known is None:
            known = self.executions[arn] = Execution(arn, stateMachineArn, input)
            self.begin(known)
        elif known.status != RUNNING or known.input != input:
            raise error("ExecutionAlreadyExists", "the name is taken", operation)
        return {"executionArn": arn}

    def stop_execution(self, *, executionArn: str) -> dict[str, Any]:
        """Stop an execution, if it runs."""
        execution = self._execution(executionArn, "StopExecution")
        if execution.status == RUNNING:
            execution.status = ABORTED
            self.abort(execution)
        return {}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        """Return an execution."""
        execution = self._execution(executionArn, "DescribeExecution")
        return {
            "executionArn": execution.arn,
            "stateMachineArn": execution.machine,
            "status": execution.status,
            "input": execution.input,
        }

    def _execution(self, arn: str, operation: str) -> Execution:
        if arn not in self.executions:
            raise error("ExecutionDoesNotExist", "no such execution", operation)
        return self.executions[arn]
