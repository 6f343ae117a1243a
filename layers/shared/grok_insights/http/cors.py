"""Cross-origin requests: what browsers are told of a response, and of a path's methods."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from aws_lambda_powertools.event_handler import CORSConfig

EXPOSED: Final = [
    "ETag",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
]
"""Headers that scripts of another origin can read."""

MAX_AGE_SECONDS: Final = 600


class Cors:
    """The headers for browsers.

    Parameters
    ----------
    origins : Sequence[str]
        Origins whose pages may call the API; none, and no browser lets another origin do so.
    """

    def __init__(self, origins: Sequence[str] = ()) -> None:
        self._config = _config(origins)

    def headers(self, origin: str) -> dict[str, str]:
        """Return the headers of any response to a request of this origin."""
        if self._config is None:
            return {}
        return self._config.to_dict(self._config.allowed_origin(origin))

    def preflight_headers(self, methods: Collection[str]) -> dict[str, str]:
        """Return the headers that name the methods of a path."""
        if self._config is None:
            return {}
        allowed = CORSConfig.build_allow_methods({*methods, "OPTIONS"})
        return {"Access-Control-Allow-Methods": allowed}


def _config(origins: Sequence[str]) -> CORSConfig | None:
    if not origins:
        return None
    first, *others = origins
    return CORSConfig(
        allow_origin=first,
        extra_origins=others,
        allow_headers=["If-None-Match"],
        expose_headers=EXPOSED,
        max_age=MAX_AGE_SECONDS,
    )
