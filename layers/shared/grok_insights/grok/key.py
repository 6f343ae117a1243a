"""The API key from a setting, or a clear error if there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from grok_insights.errors import ConfigurationError

NO_KEY_MESSAGE: Final = (
    "GROK_MODE is real and there is no API key: set GROK_API_KEY for local work, or"
    " GROK_API_KEY_PARAMETER to the name of an SSM SecureString"
)


def given_key(value: str) -> Callable[[], str]:
    """Return a function that returns the key, or raises `ConfigurationError` if it is not valid."""
    stripped = value.strip()

    def key() -> str:
        if not stripped:
            raise ConfigurationError("no_key", NO_KEY_MESSAGE)
        if not (stripped.isascii() and stripped.isprintable()):
            raise ConfigurationError("no_key", "GROK_API_KEY contains no API key")
        return stripped

    return key
