"""The errors that botocore raises if AWS refuses a request or cannot be reached."""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

AWS_FAILURES: Final = (BotoCoreError, ClientError)


def response_of(error: Exception) -> dict[str, Any]:
    """Return the response of AWS in an error; empty if AWS did not respond.

    botocore's errors of the connection have a response too, which is None.
    """
    response: dict[str, Any] | None = getattr(error, "response", None)
    return response or {}
