"""Headers of a request, whose names have no case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def header(event: Mapping[str, Any], name: str) -> str:
    """The values of a header, joined as RFC 9110 allows; empty where there is none."""
    given: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    return ", ".join(
        value for key, values in given.items() if key.lower() == name for value in values
    )
