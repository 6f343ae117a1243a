"""The stack's API key, for the one route that checks it itself."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient

KEPT_FOR: Final = timedelta(minutes=5)
"""How long the value is remembered, and so how long a deleted key goes on to open the route."""


@dataclass(slots=True)
class ApiKey:
    """The key under an id of API Gateway. The client is made when it is first needed."""

    new_client: Callable[[], APIGatewayClient]
    key_id: str
    now: Callable[[], datetime]
    _value: str = field(default="", init=False, repr=False)
    _read_at: datetime | None = field(default=None, init=False)

    def opens(self, given: str) -> bool:
        """Whether a client gave this very key."""
        value = self._current()
        return bool(value) and hmac.compare_digest(given.encode(), value.encode())

    def _current(self) -> str:
        now = self.now()
        if self._read_at is None or now - self._read_at > KEPT_FOR:
            answer = self.new_client().get_api_key(apiKey=self.key_id, includeValue=True)
            self._value = answer["value"] if answer["enabled"] else ""
            self._read_at = now
        return self._value
