"""The AWS clients, made once an environment. From botocore: boto3 would add nothing to them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import botocore
import botocore.session
from botocore.config import Config
from botocore.loaders import JSONFileLoader, Loader

from grok_insights import __version__

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

CONNECTIONS: Final = 64
"""Connections kept open a client: more than the threads that use one side by side."""

_CONFIG: Final = Config(
    # botocore's own text, made anew twice a request, takes a fifth of a request's CPU.
    user_agent=f"Botocore/{botocore.__version__} grok-insights/{__version__}",
    connect_timeout=2,
    read_timeout=8,
    max_pool_connections=CONNECTIONS,
    # It takes half of the CPU of a transaction of 50. mypy checks the types of what we send.
    parameter_validation=False,
    retries={"mode": "standard", "total_max_attempts": 4},
    tcp_keepalive=True,
)

_SHORT: Final = _CONFIG.merge(
    Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
)
"""For reads that somebody waits for, and that are not worth waiting long."""


def dynamodb() -> DynamoDBClient:
    """A client for DynamoDB that can be shared among threads."""
    return cast("DynamoDBClient", _client("dynamodb"))


def sqs() -> SQSClient:
    """A client for SQS that can be shared among threads."""
    return cast("SQSClient", _client("sqs"))


def ssm() -> SSMClient:
    """A client for SSM's Parameter Store that can be shared among threads."""
    return cast("SSMClient", _client("ssm", _SHORT))


def apigateway() -> APIGatewayClient:
    """A client for API Gateway's own settings."""
    return cast("APIGatewayClient", _client("apigateway", _SHORT))


def _client(service: str, config: Config = _CONFIG) -> Any:
    return _session().create_client(service, config=config)


@cache
def _session() -> botocore.session.Session:
    """One session for all clients: each would read botocore's data files again."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _KnownServices())
    return session


class _PlainFiles(JSONFileLoader):
    """Reads botocore's data files into plain dicts, which are ordered too, and made much faster."""

    def load_file(self, file_path: str) -> dict[str, Any] | None:
        """What is in a file, whose path comes without its ending; None where there is none."""
        plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            found: dict[str, Any] = json.loads(plain.read_bytes())
            return found
        return json.loads(gzip.decompress(packed.read_bytes())) if packed.is_file() else None


class _KnownServices(Loader):
    """A loader that knows which services there are.

    botocore looks into the folders of all its 400 services before it makes a client, which takes a
    tenth of a cold start.
    """

    FILE_LOADER_CLASS = _PlainFiles

    def list_available_services(self, type_name: str) -> list[str]:
        """The services that this package uses; each has a model of every type that is asked for."""
        del type_name
        return ["apigateway", "dynamodb", "sqs", "ssm"]
