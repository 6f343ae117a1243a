"""The stack's API key, for the one route that checks it itself."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.errors import Unavailable
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient

KEPT_FOR: Final = timedelta(minutes=5)
"""How long the value is remembered, and so how long a deleted key goes on to open the route."""

GONE: Final = "NotFoundException"
NOT_READ: Final = "the API key cannot be checked now"
RETRY_AFTER_SECONDS: Final = 5


@dataclass(slots=True)
class ApiKey:
    """The key under an id of API Gateway. The client is made when it is first needed."""

    new_client: Callable[[], APIGatewayClient]
    key_id: str
    now: Callable[[], datetime]
    _value: str = field(default="", init=False, repr=False)
    _read_at: datetime | None = field(default=None, init=False)

    def opens(self, given: str) -> bool:
        """Whether a client gave this very key.

        Raises
        ------
        Unavailable
            API Gateway does not answer, and the key is not known.
        """
        value = self._current()
        return bool(value) and hmac.compare_digest(given.encode(), value.encode())

    def _current(self) -> str:
        now = self.now()
        if self._read_at is None or now - self._read_at > KEPT_FOR:
            self._value = self._read()
            self._read_at = now
        return self._value

    def _read(self) -> str:
        """The key, empty where it is disabled or gone. A known one serves on while AWS is down."""
        try:
            answer = self.new_client().get_api_key(apiKey=self.key_id, includeValue=True)
        except AWS_FAILURES as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == GONE:
                return ""
            logger.exception("the API key could not be read from API Gateway")
            if self._read_at is None:
                raise Unavailable(NOT_READ, retry_after_seconds=RETRY_AFTER_SECONDS) from error
            return self._value
        return answer["value"] if answer["enabled"] else ""
