"""How instants are written: RFC 3339, UTC, milliseconds, ``Z``. Such texts sort by time."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(instant: datetime) -> str:
    """``2026-11-23T10:15:00.123Z``. The instant must know its zone."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """The instant of a text that `to_text` made.

    Raises
    ------
    ValueError
        The text is no RFC 3339 instant.
    """
    return datetime.fromisoformat(text)
