"""The budget of a day in UTC, and what a call may cost before it is made. Pure.

A wave's estimate is taken out of the budget before its calls start and corrected when they have
ended, so that all functions see it at once and a function that dies leaves it as spent. So at most
one wave crosses the line, and the budget is overshot by no more than the calls then in flight.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from grok_insights.domain import pricing
from grok_insights.domain.insight import Cost, CostSource

OVERHEAD_TOKENS: Final = 500
"""Tokens of a call beside the conversation: some 350 of instructions, some 150 of answer."""


def estimated_cost(text: str, usd_per_1k: Decimal) -> Cost:
    """What a call about a text costs, as far as can be known without its bill."""
    tokens = pricing.estimated_tokens(text) + OVERHEAD_TOKENS
    return Cost(tokens, pricing.ticks(tokens, usd_per_1k), CostSource.ESTIMATED)


def estimated_ticks(texts: Iterable[str], usd_per_1k: Decimal) -> int:
    """The sum of `estimated_cost` over some calls, in ticks."""
    return sum(estimated_cost(text, usd_per_1k).ticks for text in texts)


def day_of(now: datetime) -> str:
    """The day whose budget a call at ``now`` is paid from: ``2026-11-23``, UTC."""
    return now.astimezone(UTC).date().isoformat()


def next_day(now: datetime) -> datetime:
    """The midnight in UTC that follows."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1)
