"""The AWS clients, made once an environment. From botocore: boto3 would add nothing to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

CONNECTIONS: Final = 64
"""Connections kept open a client: more than the threads that use one side by side."""

_CONFIG: Final = Config(
    connect_timeout=2,
    read_timeout=8,
    max_pool_connections=CONNECTIONS,
    retries={"mode": "standard", "total_max_attempts": 4},
    tcp_keepalive=True,
)


def dynamodb() -> DynamoDBClient:
    """A client for DynamoDB that can be shared among threads."""
    return cast("DynamoDBClient", _client("dynamodb"))


def sqs() -> SQSClient:
    """A client for SQS that can be shared among threads."""
    return cast("SQSClient", _client("sqs"))


def apigateway() -> APIGatewayClient:
    """A client for API Gateway's own settings."""
    return cast("APIGatewayClient", _client("apigateway"))


def _client(service: str) -> Any:
    return botocore.session.get_session().create_client(service, config=_CONFIG)
