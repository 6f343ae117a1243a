"""The budget of a day in UTC, and the estimated cost of a call. Pure.

The estimated cost of a wave is reserved from the budget before its calls start, and corrected
after they have ended. So all functions see it at once, and if a function crashes, its reservation
counts as spent. At most one wave exceeds the budget, by no more than the cost of its calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from grok_insights.domain import pricing
from grok_insights.domain.insight import Cost, CostSource

OVERHEAD_TOKENS: Final = 500
"""Tokens of a call in addition to the conversation, if its profile adds nothing: about 300 of
instructions and 150 of answer, rounded up."""


def estimated_cost(text: str, usd_per_1k: Decimal, overhead_tokens: int) -> Cost:
    """Return the estimated cost of a call about a text."""
    tokens = pricing.estimated_tokens(text) + overhead_tokens
    return Cost(tokens, pricing.ticks(tokens, usd_per_1k), CostSource.ESTIMATED)


def estimated_ticks(texts: Iterable[str], usd_per_1k: Decimal, overhead_tokens: int) -> int:
    """Return the sum of `estimated_cost` of calls about these texts, in ticks."""
    return sum(estimated_cost(text, usd_per_1k, overhead_tokens).ticks for text in texts)


def day_of(now: datetime) -> str:
    """Return the day in UTC to whose budget a call at ``now`` belongs, like ``2026-11-23``."""
    return now.astimezone(UTC).date().isoformat()


def next_day(now: datetime) -> datetime:
    """Return the next midnight in UTC."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1)
