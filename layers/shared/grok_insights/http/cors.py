"""Cross-origin requests (CORS): the headers of responses and of preflight responses."""

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
"""Response headers that scripts of another origin may read."""

PREFLIGHT_CACHE_SECONDS: Final = 600


class Cors:
    """Makes the CORS headers.

    Parameters
    ----------
    origins : Sequence[str]
        Origins whose pages may call the API. If empty, only pages of the same origin may call it.
    """

    def __init__(self, origins: Sequence[str] = ()) -> None:
        self._config = _config(origins)

    def headers(self, origin: str) -> dict[str, str]:
        """Return the headers of a response to a request from this origin."""
        if self._config is None:
            return {}
        return self._config.to_dict(self._config.allowed_origin(origin))

    def preflight_headers(self, methods: Collection[str]) -> dict[str, str]:
        """Return the headers with the methods of a path."""
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
        allow_headers=["If-Match", "If-None-Match"],
        expose_headers=EXPOSED,
        max_age=PREFLIGHT_CACHE_SECONDS,
    )
