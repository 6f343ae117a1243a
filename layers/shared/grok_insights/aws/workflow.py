"""The state machine on AWS Step Functions that runs a kind of job."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

EXISTS: Final = "ExecutionAlreadyExists"
MISSING: Final = "ExecutionDoesNotExist"
ENDED: Final = ("FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True, slots=True)
class Workflow:
    """The state machine. Each run of a job is one execution, named after both.

    ``client`` is botocore's client of Step Functions, which has no types here.
    """

    client: Any
    state_machine: str

    def start(self, job_id: str, run: int) -> None:
        """Start the execution of a run, if it was not started before."""
        try:
            self.client.start_execution(
                stateMachineArn=self.state_machine,
                name=_name(job_id, run),
                input=json.dumps({"job_id": job_id, "run": run}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != EXISTS:
                raise

    def stop(self, job_id: str, run: int) -> None:
        """Stop the execution of a run, if it runs."""
        try:
            self.client.stop_execution(executionArn=self._execution(job_id, run))
        except ClientError as error:
            if error.response["Error"]["Code"] != MISSING:
                raise

    def has_failed(self, job_id: str, run: int) -> bool:
        """Return whether the execution of a run has ended without success, or does not exist."""
        try:
            response = self.client.describe_execution(executionArn=self._execution(job_id, run))
        except ClientError as error:
            if error.response["Error"]["Code"] != MISSING:
                raise
            return True
        return response["status"] in ENDED

    def _execution(self, job_id: str, run: int) -> str:
        machine = self.state_machine.replace(":stateMachine:", ":execution:")
        return f"{machine}:{_name(job_id, run)}"


def _name(job_id: str, run: int) -> str:
    return f"{job_id}-{run}"
