"""Faults between botocore and DynamoDB, where a request leaves the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from tests.functional import database

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from mypy_boto3_dynamodb import DynamoDBClient


@contextmanager
def lost_responses(client: DynamoDBClient, operation: str, times: int = 1) -> Iterator[list[str]]:
    """Let DynamoDB execute so many requests, and make botocore time out waiting for the response.

    Yields the addresses of the requests whose response was lost.
    """
    lost: list[str] = []

    def lose(request: AWSPreparedRequest, event_name: str, **_: Any) -> None:
        if event_name.endswith(operation) and len(lost) < times:
            lost.append(request.url)
            if database.ENDPOINT:
                URLLib3Session().send(request)
            raise ReadTimeoutError(endpoint_url=request.url)

    # moto responds at the same event. botocore calls handlers of a longer name first.
    with _handler(client, "before-send", lose, first=False):
        yield lost


@contextmanager
def lost_requests(client: DynamoDBClient, operation: str, times: int = 1) -> Iterator[list[str]]:
    """Let so many requests of an operation fail before they arrive."""
    lost: list[str] = []

    def lose(request: AWSPreparedRequest, **_: Any) -> None:
        if len(lost) < times:
            lost.append(request.url)
            raise ConnectTimeoutError(endpoint_url=request.url)

    with _handler(client, f"before-send.dynamodb.{operation}", lose, first=True):
        yield lost


@contextmanager
def _handler(client: DynamoDBClient, event: str, handler: Any, *, first: bool) -> Iterator[None]:
    events = client.meta.events
    register = events.register_first if first else events.register_last
    register(event, handler)
    try:
        yield
    finally:
        events.unregister(event, handler)
