"""How instants are written: RFC 3339, UTC, milliseconds, ``Z``. Such texts sort by time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AwareDatetime, BeforeValidator

RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE | re.ASCII
)


def _as_rfc_3339(text: object) -> object:
    if isinstance(text, str) and not RFC_3339.fullmatch(text):
        raise ValueError("must be an instant like 2026-11-23T10:15:00Z, with its zone")
    return text


Instant = Annotated[AwareDatetime, BeforeValidator(_as_rfc_3339)]
"""An instant that a client sent. By itself pydantic would take a number for seconds."""


def to_text(instant: datetime) -> str:
    """``2026-11-23T10:15:00.123Z``. The instant must know its zone."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def to_milliseconds(instant: datetime) -> int:
    """Return the whole milliseconds since 1970 at an instant that knows its zone."""
    return int(instant.timestamp() * 1000)


def from_text(text: str) -> datetime:
    """The instant of a text that `to_text` made.

    Raises
    ------
    ValueError
        The text is no RFC 3339 instant, or has no zone.
    """
    if not RFC_3339.fullmatch(text):
        raise ValueError("not an RFC 3339 instant")
    return datetime.fromisoformat(text)
