"""The stack in AWS: its parameters and resources, and requests about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

DENIED: Final = frozenset(
    {
        *("AccessDenied", "AccessDeniedException", "AuthorizationError"),
        *("ExpiredToken", "ExpiredTokenException"),
        *("InvalidClientTokenId", "UnrecognizedClientException"),
    }
)
"""Error codes that are about the credentials and not about the stack."""

FUNCTIONS: Final = (
    *("IngestFunction", "QueryFunction", "AnalysisFunction"),
    *("EventsFunction", "AlertsFunction"),
)
QUEUES: Final = (
    *("AnalysisQueue", "DeadLetterQueue"),
    *("EventsDeadLetterQueue", "WebhookDeadLetterQueue"),
)
EXPIRING_TABLES: Final = ("ConversationsTable", "InsightsTable", "VersionsTable", "StateTable")
TABLES: Final = (*EXPIRING_TABLES, "TrendsTable")


@dataclass(frozen=True, slots=True)
class Cloud:
    """A CloudFormation stack.

    Parameters
    ----------
    parameters : Mapping[str, str]
        The values of the template's parameters.
    resources : Mapping[str, tuple[str, str]]
        Type and physical id of each resource, by its logical id. Those of nested stacks have the
        ids of both: ``AlarmStack.IngestErrors``.
    """

    parameters: Mapping[str, str]
    resources: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, name: str) -> Cloud:
        """Return a stack, or skip the check if the credentials do not allow it."""
        stack = ask("cloudformation", "describe_stacks", StackName=name)["Stacks"][0]
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
        return cls(parameters, dict(_resources(name)))

    @property
    def is_emulated(self) -> bool:
        """Whether the functions use another AWS than the real one."""
        return self.parameters.get("AwsEndpointUrl", "") != ""

    def id_of(self, logical_id: str) -> str:
        """Return the physical id of a resource: its name, its URL or its ARN."""
        assert logical_id in self.resources, f"the stack has no resource {logical_id}"
        return self.resources[logical_id][1]

    def of_type(self, resource_type: str) -> dict[str, str]:
        """Return the physical ids of all resources of a type, by logical id."""
        return {
            name: physical_id
            for name, (found, physical_id) in self.resources.items()
            if found == resource_type
        }


def _resources(stack: str, parents: str = "") -> Iterator[tuple[str, tuple[str, str]]]:
    """Return the resources of a stack and of the stacks in it: ``AlarmStack.IngestErrors``."""
    for page in ask_all("cloudformation", "list_stack_resources", StackName=stack):
        for one in page["StackResourceSummaries"]:
            name = f"{parents}{one['LogicalResourceId']}"
            yield name, (one["ResourceType"], one["PhysicalResourceId"])
            if one["ResourceType"] == "AWS::CloudFormation::Stack":
                yield from _resources(one["PhysicalResourceId"], f"{name}.")


def ask(service: Any, operation: str, **parameters: Any) -> Any:
    """Return the response of AWS, or skip the check if the credentials do not allow it."""
    try:
        return getattr(boto3.client(service), operation)(**parameters)
    except (ClientError, NoCredentialsError, NoRegionError) as error:
        _not_allowed(error, service, operation)


def ask_all(service: Any, operation: str, **parameters: Any) -> list[Any]:
    """Return all pages of a response of AWS, or skip the check in the same way."""
    try:
        return list(boto3.client(service).get_paginator(operation).paginate(**parameters))
    except (ClientError, NoCredentialsError, NoRegionError) as error:
        _not_allowed(error, service, operation)


def _not_allowed(error: Exception, service: str, operation: str) -> NoReturn:
    if not isinstance(error, ClientError):
        pytest.skip(f"AWS cannot be reached: {error}")
    # SQS puts its name in front: AWS.SimpleQueueService.AccessDenied.
    if error.response["Error"]["Code"].rpartition(".")[2] in DENIED:
        pytest.skip(f"the credentials do not allow {service} {operation}")
    pytest.fail(f"{service} {operation} failed: {error}", pytrace=False)
