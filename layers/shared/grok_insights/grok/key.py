"""The API key that was given in a setting, or the clear error that there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from grok_insights.errors import ConfigurationError

NO_KEY: Final = (
    "GROK_MODE is real and there is no API key: set GROK_API_KEY for local work, or"
    " GROK_API_KEY_PARAMETER to the name of an SSM SecureString"
)


def given_key(value: str) -> Callable[[], str]:
    """Gives a key when it is asked, and raises `ConfigurationError` where it is empty."""
    stripped = value.strip()

    def key() -> str:
        if not stripped:
            raise ConfigurationError("no_key", NO_KEY)
        if not (stripped.isascii() and stripped.isprintable()):
            raise ConfigurationError("no_key", "GROK_API_KEY holds no API key")
        return stripped

    return key
