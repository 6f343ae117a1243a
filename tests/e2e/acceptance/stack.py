"""The stack that is checked, and where its URL and key come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import boto3
import pytest

from scripts.environments import UnusableError, aws_session, environment, outputs

DEFAULT_TIMEOUT_SECONDS: Final = 180.0


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack.

    Parameters
    ----------
    url, key : str
        The address of the API's stage, and an API key.
    name : str
        The name of the CloudFormation stack; empty where only the API can be checked.
    timeout_seconds : float
        Longest time until all conversations that the suite sends have their insights.
    """

    url: str
    key: str = field(repr=False)
    name: str
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Stack:
        """Return the stack of ``ENV``, else that of ``API_URL``, ``API_KEY`` and ``STACK_NAME``.

        Raises
        ------
        UnusableError
            Neither is given, or ``TIMEOUT`` is not a number of seconds.
        """
        timeout_seconds = _seconds(environ.get("TIMEOUT") or str(DEFAULT_TIMEOUT_SECONDS))
        if environ.get("ENV"):
            name = environment(environ["ENV"]).stack_name
            return _deployed(aws_session(environ), name, timeout_seconds)
        url, key = environ.get("API_URL", ""), environ.get("API_KEY", "")
        if not url or not key:
            raise UnusableError(
                "no stack is named. Set ENV=dev, staging or prod, set API_URL and API_KEY, or run "
                "make up first."
            )
        return cls(url.rstrip("/"), key, environ.get("STACK_NAME", ""), timeout_seconds)


STACK: Final = pytest.StashKey[Stack]()
"""Where pytest's configuration holds the stack."""


def _deployed(session: boto3.Session, name: str, timeout_seconds: float) -> Stack:
    """Return a stack in the AWS account of the session's credentials."""
    found = outputs(session.client("cloudformation"), name)
    key = session.client("apigateway").get_api_key(apiKey=found["ApiKeyId"], includeValue=True)
    return Stack(found["ApiUrl"], key["value"], name, timeout_seconds)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise UnusableError(f"TIMEOUT is {text!r}, not a number of seconds above 0.")
    return seconds
