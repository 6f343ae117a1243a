"""Labels: the values of an insight that lists filter by and trends count.

A label has a dimension and a value: ``topic:refund``, ``field.churn_risk:high``,
``field.resolved:true``, ``segment.channel:chat``.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Final, NamedTuple
from zlib import crc32

TOPIC: Final = "topic"
"""The dimension of topics. An insight has several values of it, and at most one of each other."""

FIELD_PREFIX: Final = "field."
SEGMENT_PREFIX: Final = "segment."

TAG_CHARS: Final = 3


class CountedLabel(NamedTuple):
    """A value of one dimension: ``topic``, ``field.NAME`` or ``segment.NAME``."""

    dimension: str
    value: str

    def __str__(self) -> str:
        """Return the label as the API shows it: ``topic:refund``."""
        return f"{self.dimension}:{self.value}"

    @property
    def tag(self) -> str:
        """A code of three characters that few other labels have. Index entries contain it."""
        digest = crc32(f"{self.dimension}\0{self.value}".encode())
        return urlsafe_b64encode(digest.to_bytes(4, "big")).decode()[:TAG_CHARS]


def of_topic(name: str) -> CountedLabel:
    """Return the label of a topic."""
    return CountedLabel(TOPIC, name)


def of_field(name: str, value: str | bool | int) -> CountedLabel:
    """Return the label of a field. The value of a boolean is ``true`` or ``false``."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return CountedLabel(f"{FIELD_PREFIX}{name}", text)


def of_segment(name: str, value: str) -> CountedLabel:
    """Return the label of a segment."""
    return CountedLabel(f"{SEGMENT_PREFIX}{name}", value)
