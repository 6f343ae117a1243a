"""The API key from SSM, kept for some minutes, so that a new one is found without a deployment."""

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

KEPT_SECONDS: Final = 300.0
STALE_KEPT_SECONDS: Final = 60.0
"""How long a known value goes on to serve after SSM did not give a new one."""

FAILURE_KEPT_SECONDS: Final = 1.0
"""So that a wave of calls without a key asks for it once, and not once each."""

LONGEST_READ_SECONDS: Final = 3.0
"""No call to Grok waits longer for its key."""

NOT_READ: Final = "the API key could not be read from SSM"


@dataclass(frozen=True, slots=True)
class _Known:
    """What serves until a time: a value, or what is wrong."""

    value: str = ""
    fault: str = ""
    until: float = float("-inf")


class Secret:
    """A SecureString by its name. Threads that ask at the same time share one request.

    Parameters
    ----------
    client : Callable[[], SSMClient]
        Makes the client, or returns the one that there is.
    name : str
        The name of the SSM parameter.
    longest_read_seconds : float
        How long a call waits for SSM at the most.
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
        self._known = _Known()
        self._lock = Lock()
        self._reading = SharedRead(self._read)

    def __call__(self) -> str:
        """Return the value, at most five minutes old.

        Where SSM does not answer, the value that is known serves on, unless it was forgotten.

        Raises
        ------
        ConfigurationError
            There is no such parameter, the function may not read it, or SSM does not answer.
        """
        if self._monotonic() >= self._known.until:
            try:
                self._reading.result(self._longest_read_seconds)
            except TimeoutError:
                logger.error("SSM did not answer in time", parameter=self._name)
                self._remember_fault(NOT_READ)
        known = self._known
        if known.fault:
            raise ConfigurationError("no_key", known.fault)
        return known.value

    def forget(self) -> None:
        """Read it anew the next time: what is known was not accepted."""
        with self._lock:
            self._known = _Known()

    def _read(self) -> None:
        if self._monotonic() < self._known.until:
            return  # another thread has read it since the caller looked
        try:
            answer = self._client().get_parameter(Name=self._name, WithDecryption=True)
        except AWS_FAILURES:
            logger.exception(NOT_READ, parameter=self._name)
            self._remember_fault(NOT_READ)
            return
        value = answer["Parameter"]["Value"].strip()
        if value and value.isascii() and value.isprintable():
            with self._lock:
                self._known = _Known(value, until=self._monotonic() + KEPT_SECONDS)
        else:
            self._remember_fault("the SSM parameter holds no API key")

    def _remember_fault(self, fault: str) -> None:
        now = self._monotonic()
        with self._lock:
            if self._known.value:
                self._known = _Known(self._known.value, until=now + STALE_KEPT_SECONDS)
            else:
                self._known = _Known(fault=fault, until=now + FAILURE_KEPT_SECONDS)
