"""What the contract tests compare: the same requests on the model and on another endpoint."""

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
    "trends": "TrendsTable",
    "state": "StateTable",
}


class _Loader(yaml.SafeLoader):
    """Reads the template fast; what an intrinsic function gives is left open."""


_Loader.add_multi_constructor("!", lambda *_: None)


@cache
def _tables() -> dict[str, Any]:
    path = Path(__file__).parents[2] / "template.yaml"
    resources = yaml.load(path.read_text(encoding="utf-8"), _Loader)["Resources"]
    return {name: resources[logical]["Properties"] for name, logical in TABLES.items()}


def tables() -> dict[str, dict[str, Any]]:
    """What each table is created with, as the template has it."""
    return {
        name: {key: found[key] for key in CREATED_WITH if key in found}
        for name, found in _tables().items()
    }


def time_to_live(name: str) -> str:
    """The attribute by which the items of a table expire; empty where they do not."""
    found = _tables()[name]
    return str(found.get("TimeToLiveSpecification", {}).get("AttributeName", ""))


@dataclass(frozen=True)
class Both:
    """Two services that must answer alike."""

    model: Any
    other: Any

    def __call__(self, operation: str, **request: Any) -> Any:
        """The answer of both, which is the same."""
        ours = outcome(self.model, operation, request)
        theirs = outcome(self.other, operation, request)
        assert ours == theirs, f"{operation} {json.dumps(request)}"
        return ours


def outcome(client: Any, operation: str, request: dict[str, Any]) -> Any:
    """An answer without what may differ, or the error's code and reasons."""
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
