"""The API key from SSM, kept for some minutes, so that a new one is found without a deployment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.errors import ConfigurationError
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

KEPT_SECONDS: Final = 300.0
FAILURE_KEPT_SECONDS: Final = 1.0
"""So that a wave of calls without a key asks for it once, and not once each."""


@dataclass(slots=True)
class _Known:
    value: str = ""
    fault: str = ""
    until: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Secret:
    """A SecureString by its name. Threads that ask at the same time share one request."""

    client: Callable[[], SSMClient]
    name: str
    monotonic: Callable[[], float] = time.monotonic
    _known: _Known = field(default_factory=_Known)
    _lock: Lock = field(default_factory=Lock)

    def __call__(self) -> str:
        """The value, at most five minutes old.

        Raises
        ------
        ConfigurationError
            There is no such parameter, or the function may not read it.
        """
        with self._lock:
            if self.monotonic() >= self._known.until:
                self._learn()
            if self._known.fault:
                raise ConfigurationError("no_key", self._known.fault)
            return self._known.value

    def forget(self) -> None:
        """Read it anew the next time: what is known was not accepted."""
        with self._lock:
            self._known.until = float("-inf")

    def _learn(self) -> None:
        self._known.value, self._known.fault = self._read()
        kept = FAILURE_KEPT_SECONDS if self._known.fault else KEPT_SECONDS
        self._known.until = self.monotonic() + kept

    def _read(self) -> tuple[str, str]:
        """The value, or what is wrong with it."""
        try:
            answer = self.client().get_parameter(Name=self.name, WithDecryption=True)
        except AWS_FAILURES:
            logger.exception("the API key could not be read from SSM", parameter=self.name)
            return "", "the API key could not be read from SSM"
        value = answer["Parameter"]["Value"].strip()
        if value and value.isascii() and value.isprintable():
            return value, ""
        return "", "the SSM parameter holds no API key"
