"""The stack's API key, for the one route that checks it in the function."""

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

CACHE_TIME: Final = timedelta(minutes=5)
"""How long the value is cached, and so how long a deleted key is still accepted."""

NOT_FOUND: Final = "NotFoundException"
NOT_CHECKED: Final = "the API key cannot be checked now"
KEY_RETRY_AFTER_SECONDS: Final = 5


@dataclass(slots=True)
class ApiKey:
    """A key of API Gateway. The client is made when it is first needed."""

    new_client: Callable[[], APIGatewayClient]
    key_id: str
    now: Callable[[], datetime]
    _value: str = field(default="", init=False, repr=False)
    _read_at: datetime | None = field(default=None, init=False)

    def matches(self, given: str) -> bool:
        """Return whether ``given`` is this key.

        Raises
        ------
        Unavailable
            The key cannot be read from API Gateway, and it is not cached.
        """
        value = self._current()
        return bool(value) and hmac.compare_digest(given.encode(), value.encode())

    def _current(self) -> str:
        now = self.now()
        if self._read_at is None or now - self._read_at > CACHE_TIME:
            self._value = self._read()
            self._read_at = now
        return self._value

    def _read(self) -> str:
        """Return the key; empty if it is disabled or deleted.

        If the request fails, return the cached key.
        """
        try:
            response = self.new_client().get_api_key(apiKey=self.key_id, includeValue=True)
        except AWS_FAILURES as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == NOT_FOUND:
                return ""
            logger.exception("the API key could not be read from API Gateway")
            if self._read_at is None:
                raise Unavailable(
                    NOT_CHECKED, retry_after_seconds=KEY_RETRY_AFTER_SECONDS
                ) from error
            return self._value
        return response["value"] if response["enabled"] else ""
