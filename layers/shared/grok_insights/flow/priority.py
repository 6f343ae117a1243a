"""The rule by which new conversations go before those that a job analyses again. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

YOUNG_SECONDS: Final = 10.0
"""As long as new conversations wait for less, a job may use the pace of calls too."""

YIELD_SECONDS: Final = 30.0
"""How long jobs make no calls after a new conversation has waited for longer."""


def rework_budget(budget_ticks: int) -> int:
    """Return how much of a day's budget may be spent before jobs make no calls: four fifths."""
    return -(-budget_ticks * 4 // 5)


def yield_until(oldest: datetime | None, now: datetime) -> float:
    """Return until when jobs must make no calls, in epoch seconds; 0 if they may.

    ``oldest`` is when the oldest of the received new messages was sent; None if there was none.
    """
    if oldest is None or (now - oldest).total_seconds() <= YOUNG_SECONDS:
        return 0.0
    return now.timestamp() + YIELD_SECONDS
