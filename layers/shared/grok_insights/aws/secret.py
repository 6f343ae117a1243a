"""Grok's API key from SSM, cached for five minutes, so that a new key needs no deployment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.aws.shared_read import SharedRead
from grok_insights.errors import ConfigurationError
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

CACHE_SECONDS: Final = 300.0
STALE_CACHE_SECONDS: Final = 60.0
"""How long an expired value is still used after SSM did not return a new one."""

FAILURE_CACHE_SECONDS: Final = 1.0
"""How long a failure is cached, so that the calls of a wave without a key make one request."""

LONGEST_READ_SECONDS: Final = 3.0
"""The longest time that a call to Grok waits for its key."""

NOT_READ: Final = "the API key could not be read from SSM"


@dataclass(frozen=True, slots=True)
class _CachedSecret:
    """A value, or the fault because of which there is none, until a time."""

    value: str = ""
    fault: str = ""
    until: float = float("-inf")


class Secret:
    """A SecureString of SSM. Threads that read it at the same time share one request.

    Parameters
    ----------
    client : Callable[[], SSMClient]
        Makes the client, or returns the existing one.
    name : str
        The name of the SSM parameter.
    longest_read_seconds : float
        The longest time that a call waits for SSM.
    """

    def __init__(
        self,
        client: Callable[[], SSMClient],
        name: str,
        *,
        longest_read_seconds: float = LONGEST_READ_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._name, self._monotonic = client, name, monotonic
        self._longest_read_seconds = longest_read_seconds
        self._cached = _CachedSecret()
        self._lock = Lock()
        self._reading = SharedRead(self._read)

    def __call__(self) -> str:
        """Return the value, at most five minutes old.

        If SSM cannot be read, the expired value is returned, unless it was forgotten.

        Raises
        ------
        ConfigurationError
            There is no such parameter, the function may not read it, or SSM cannot be reached.
        """
        if self._monotonic() >= self._cached.until:
            try:
                self._reading.result(self._longest_read_seconds)
            except TimeoutError:
                logger.error("SSM did not respond in time", parameter=self._name)
                self._remember_fault(NOT_READ)
        cached = self._cached
        if cached.fault:
            raise ConfigurationError("no_key", cached.fault)
        return cached.value

    def forget(self) -> None:
        """Clear the cached value, since Grok refused it. The next call reads SSM again."""
        with self._lock:
            self._cached = _CachedSecret()

    def _read(self) -> None:
        if self._monotonic() < self._cached.until:
            return  # another thread has read it since the caller looked
        try:
            response = self._client().get_parameter(Name=self._name, WithDecryption=True)
        except AWS_FAILURES:
            logger.exception(NOT_READ, parameter=self._name)
            self._remember_fault(NOT_READ)
            return
        value = response["Parameter"]["Value"].strip()
        if value and value.isascii() and value.isprintable():
            with self._lock:
                self._cached = _CachedSecret(value, until=self._monotonic() + CACHE_SECONDS)
        else:
            self._remember_fault("the SSM parameter contains no API key")

    def _remember_fault(self, fault: str) -> None:
        now = self._monotonic()
        with self._lock:
            if self._cached.value:
                self._cached = _CachedSecret(self._cached.value, until=now + STALE_CACHE_SECONDS)
            else:
                self._cached = _CachedSecret(fault=fault, until=now + FAILURE_CACHE_SECONDS)
