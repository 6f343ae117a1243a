"""The format of timestamps: RFC 3339 in UTC, with milliseconds and ``Z``. They sort by time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AwareDatetime, BeforeValidator

RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE | re.ASCII
)


def _as_rfc_3339(sent: object) -> object:
    if isinstance(sent, datetime) or (isinstance(sent, str) and RFC_3339.fullmatch(sent)):
        return sent
    raise ValueError("must be an instant like 2026-11-23T10:15:00Z, with its zone")


Instant = Annotated[AwareDatetime, BeforeValidator(_as_rfc_3339)]
"""An instant that a client sent. Without the validator pydantic accepts a number of seconds."""


def to_text(instant: datetime) -> str:
    """Return an instant like ``2026-11-23T10:15:00.123Z``. It must have a time zone."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def to_the_millisecond(instant: datetime) -> datetime:
    """Return an instant as `to_text` keeps it: in UTC, without smaller parts of a second.

    Raises
    ------
    ValueError
        It is outside Python's calendar in UTC.
    """
    try:
        utc = instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be from the year 1 to the year 9999 in UTC") from None
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def to_milliseconds(instant: datetime) -> int:
    """Return an instant in whole epoch milliseconds. It must have a time zone."""
    return int(instant.timestamp() * 1000)


def from_text(text: str) -> datetime:
    """Return the instant of a text that `to_text` made.

    Raises
    ------
    ValueError
        The text is not an RFC 3339 timestamp with an offset.
    """
    if not RFC_3339.fullmatch(text):
        raise ValueError("not an RFC 3339 instant")
    return datetime.fromisoformat(text)
