"""Comparison for the contract tests: the same requests to the model and to another endpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

CREATED_WITH = ("KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes")
TABLES = {
    "conversations": "ConversationsTable",
    "insights": "InsightsTable",
    "versions": "VersionsTable",
    "trends": "TrendsTable",
    "state": "StateTable",
    "jobs": "JobsTable",
}


class _Loader(yaml.SafeLoader):
    """Reads the template fast; results of intrinsic functions are ignored."""


_Loader.add_multi_constructor("!", lambda *_: None)


@cache
def _tables() -> dict[str, Any]:
    path = Path(__file__).parents[2] / "template.yaml"
    resources = yaml.load(path.read_text(encoding="utf-8"), _Loader)["Resources"]
    return {name: resources[logical]["Properties"] for name, logical in TABLES.items()}


def tables() -> dict[str, dict[str, Any]]:
    """Return the properties of each table in the template."""
    return {
        name: {key: found[key] for key in CREATED_WITH if key in found}
        for name, found in _tables().items()
    }


def time_to_live(name: str) -> str:
    """Return the attribute by which the items of a table expire; empty if they do not."""
    found = _tables()[name]
    return str(found.get("TimeToLiveSpecification", {}).get("AttributeName", ""))


@dataclass(frozen=True)
class Both:
    """Two services whose responses must be equal."""

    model: Any
    other: Any

    def __call__(self, operation: str, **request: Any) -> Any:
        """Return the response of both services, after checking that they are equal."""
        ours = outcome(self.model, operation, request)
        theirs = outcome(self.other, operation, request)
        assert ours == theirs, f"{operation} {json.dumps(request)}"
        return ours


def outcome(client: Any, operation: str, request: dict[str, Any]) -> Any:
    """Return a response without parts that may differ, or the error's code and reasons."""
    try:
        answer = getattr(client, operation)(**request)
    except ClientError as error:
        reasons = _reasons(error.response)
        if any(code == "ValidationError" for code, _ in reasons):
            # moto finds the whole transaction invalid, DynamoDB names the action.
            return {"error": "ValidationException", "reasons": []}
        return {"error": error.response["Error"]["Code"], "reasons": reasons}
    return _normal(answer)


def _reasons(response: Any) -> Any:
    reasons = response.get("CancellationReasons", [])
    return [(reason["Code"], reason.get("Item")) for reason in reasons]


LEFT_OUT = {
    "ResponseMetadata", "ConsumedCapacity", "ItemCollectionMetrics", "MessageId", "ReceiptHandle",
    "MD5OfMessageAttributes", "MD5OfMessageBody", "MD5OfBody", "SequenceNumber", "Message",
}  # fmt: skip


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        shown = {name: _normal(one) for name, one in value.items() if name not in LEFT_OUT}
        return {name: one for name, one in shown.items() if one not in ({}, [])}
    if isinstance(value, list):
        return [_normal(one) for one in value]
    return value
