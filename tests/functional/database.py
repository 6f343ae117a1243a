"""The DynamoDB of the functional tests: moto, or the one at ``DYNAMODB_ENDPOINT_URL``.

With moto each test has its own tables with plain names. Elsewhere it takes time to make tables, so
each process makes them once with unique names, clears them for each test and deletes them at its
end. All other AWS services are moto's in both cases.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from moto.core.config import default_user_config

from grok_insights.aws import clients
from tests.template import resources

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ENDPOINT = os.environ.get("DYNAMODB_ENDPOINT_URL", "")
PREFIX = f"test-{uuid4().hex[:8]}-" if ENDPOINT else ""

TABLES = {
    "conversations": "ConversationsTable",
    "insights": "InsightsTable",
    "versions": "VersionsTable",
    "trends": "TrendsTable",
    "state": "StateTable",
    "jobs": "JobsTable",
}
CREATED_WITH = (
    "KeySchema",
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
)
BATCH = 25
"""Most items of a BatchWriteItem."""

if ENDPOINT:
    os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = ENDPOINT
    default_user_config["core"] = {
        "mock_credentials": False,
        "passthrough": {"services": ["dynamodb"], "urls": []},
        "reset_boto3_session": True,
        "service_whitelist": None,
    }


def dynamodb() -> DynamoDBClient:
    """Return a client as the functions have it. moto's sends one request at a time."""
    client = clients.dynamodb()
    if not ENDPOINT:
        _one_at_a_time(client)
    return client


def empty_tables(client: DynamoDBClient) -> dict[str, str]:
    """Return the names of the empty tables, as settings: ``STATE_TABLE`` and so on."""
    names = {kind: f"{PREFIX}{kind}" for kind in TABLES}
    for kind, name in names.items():
        try:
            _clear(client, kind, name)
        except client.exceptions.ResourceNotFoundException:
            _create(client, kind, name)
    return {f"{kind.upper()}_TABLE": name for kind, name in names.items()}


def drop_tables() -> None:
    """Delete the tables of this process from a DynamoDB that outlives it."""
    if not ENDPOINT:
        return
    client = clients.dynamodb()
    for kind in TABLES:
        try:
            client.delete_table(TableName=f"{PREFIX}{kind}")
        except client.exceptions.ResourceNotFoundException:
            continue


def _create(client: DynamoDBClient, kind: str, name: str) -> None:
    properties = _properties(kind)
    client.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    client.create_table(
        TableName=name, **{k: v for k, v in properties.items() if k in CREATED_WITH}
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})


def _clear(client: DynamoDBClient, kind: str, name: str) -> None:
    keys = [one["AttributeName"] for one in _properties(kind)["KeySchema"]]
    pages = client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
    found = [{key: item[key] for key in keys} for page in pages for item in page["Items"]]
    for some in (found[start : start + BATCH] for start in range(0, len(found), BATCH)):
        _delete(client, name, some)


def _delete(client: DynamoDBClient, name: str, keys: Iterable[dict[str, Any]]) -> None:
    left: dict[str, Any] = {name: [{"DeleteRequest": {"Key": key}} for key in keys]}
    while left:
        left = dict(client.batch_write_item(RequestItems=left)["UnprocessedItems"])


def _properties(kind: str) -> dict[str, Any]:
    return resources("AWS::DynamoDB::Table")[TABLES[kind]]


def _one_at_a_time(client: DynamoDBClient) -> None:
    """Allow only one request at a time: moto copies its tables and is not thread-safe."""
    lock = Lock()

    def take(**_: Any) -> None:
        lock.acquire()

    def give_back(**_: Any) -> None:
        lock.release()

    client.meta.events.register_first("before-call", take)
    client.meta.events.register("after-call", give_back)
    client.meta.events.register("after-call-error", give_back)
