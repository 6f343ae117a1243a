"""When the sample conversations took place: within the past 14 days, more of them each day."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

SPAN: Final = timedelta(days=14)

_GROWTH: Final = 4.0
"""By how much the number for each hour grows: at the end it is 1 + this many times as large."""


def occurred_at(number: int, count: int, now: datetime) -> str:
    """Return when the conversation with a number, from 0, of ``count`` took place, in RFC 3339.

    A later number has a later time. All are in the ``SPAN`` before ``now``.
    """
    share = (number + 0.5) / count
    # The inverse of the share until a moment x: (x + growth x² / 2) / (1 + growth / 2).
    area = 1.0 + _GROWTH / 2.0
    moment = (math.sqrt(1.0 + 2.0 * _GROWTH * share * area) - 1.0) / _GROWTH
    return (now - SPAN * (1.0 - moment)).isoformat(timespec="milliseconds")
