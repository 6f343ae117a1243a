"""The AWS clients, made once for each execution environment. They are botocore's, without boto3."""

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
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

CONNECTIONS: Final = 64
"""Connections of each client: more than the threads that use it concurrently."""

_CONFIG: Final = Config(
    # botocore builds its own user agent twice for each request: a fifth of the request's CPU time.
    user_agent=f"Botocore/{botocore.__version__} grok-insights/{__version__}",
    connect_timeout=2,
    read_timeout=8,
    max_pool_connections=CONNECTIONS,
    # It takes half of the CPU time of a transaction of 50 items. mypy checks the parameters' types.
    parameter_validation=False,
    retries={"mode": "standard", "total_max_attempts": 4},
    tcp_keepalive=True,
)

_SHORT: Final = _CONFIG.merge(
    Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
)
"""Short timeouts, for reads that a caller waits for and can do without."""


def dynamodb() -> DynamoDBClient:
    """Return a client for DynamoDB that can be shared among threads."""
    return cast("DynamoDBClient", _client("dynamodb"))


def sqs() -> SQSClient:
    """Return a client for SQS that can be shared among threads."""
    return cast("SQSClient", _client("sqs"))


def events() -> Any:
    """Return an untyped client for EventBridge."""
    return _client("events")


def ssm() -> SSMClient:
    """Return a client for SSM's Parameter Store that can be shared among threads."""
    return cast("SSMClient", _client("ssm", _SHORT))


def apigateway() -> APIGatewayClient:
    """Return a client for the API Gateway control plane."""
    return cast("APIGatewayClient", _client("apigateway", _SHORT))


def s3() -> S3Client:
    """Return a client for S3. Its addresses for clients are signed with the length of the body.

    They name the region. From its address without a region, S3 redirects for up to 24 hours after
    a bucket was created, and a browser does not follow a redirect of a preflight request:
    https://repost.aws/knowledge-center/s3-http-307-response
    """
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        read_timeout=60,
    )
    return cast("S3Client", _client("s3", _CONFIG.merge(config)))


@cache
def lambda_() -> Any:
    """Return an untyped client for Lambda.

    It sends a request once, and waits longer than a preview lasts and shorter than API Gateway.
    """
    config = Config(read_timeout=27, retries={"mode": "standard", "total_max_attempts": 1})
    return _client("lambda", _CONFIG.merge(config))


def stepfunctions() -> Any:
    """Return a client for Step Functions."""
    return _client("stepfunctions")


def _client(service: str, config: Config = _CONFIG) -> Any:
    return _session().create_client(service, config=config)


@cache
def _session() -> botocore.session.Session:
    """Return the one session of all clients. A second one would read botocore's files again."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _KnownServices())
    return session


class _PlainFiles(JSONFileLoader):
    """Reads botocore's data files into dicts, which is much faster than into OrderedDicts."""

    def load_file(self, file_path: str) -> dict[str, Any] | None:
        """Return the contents of a file, given without its extension; None if it does not exist."""
        plain, gzipped = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            contents: dict[str, Any] = json.loads(plain.read_bytes())
            return contents
        return json.loads(gzip.decompress(gzipped.read_bytes())) if gzipped.is_file() else None


class _KnownServices(Loader):
    """A loader with a fixed list of services.

    botocore searches the folders of all its 400 services before it makes a client, which takes a
    tenth of a cold start.
    """

    FILE_LOADER_CLASS = _PlainFiles

    def list_available_services(self, type_name: str) -> list[str]:
        """Return the services that this package uses. Each has a model of every type."""
        del type_name
        return ["apigateway", "dynamodb", "events", "lambda", "s3", "sqs", "ssm", "stepfunctions"]
