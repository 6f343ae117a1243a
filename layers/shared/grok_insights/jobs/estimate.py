"""Estimates what the analysis of a file will take. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from grok_insights.domain import pricing
from grok_insights.flow.budget import OVERHEAD_TOKENS

if TYPE_CHECKING:
    from grok_insights.bodies.jobs import EstimateBody
    from grok_insights.domain.job import Checkpoint


class Prices(NamedTuple):
    """What the analysis costs, and how fast it is."""

    usd_per_1k: Decimal
    requests_per_second: float
    daily_budget_usd: Decimal


def tokens_of(item: Mapping[str, Any]) -> int:
    """Return the estimated tokens of a call about a conversation, by its length."""
    return pricing.estimated_tokens(_text_of(item)) + OVERHEAD_TOKENS


def _text_of(item: Mapping[str, Any]) -> str:
    text, messages = item.get("text"), item.get("messages")
    if isinstance(messages, list):
        turns = (turn.get("text") for turn in messages if isinstance(turn, dict))
        return "\n".join(turn for turn in turns if isinstance(turn, str))
    return text if isinstance(text, str) else ""


def estimate(read: Checkpoint, prices: Prices) -> EstimateBody | None:
    """Return the estimate for a file; None until it is read."""
    if not read.is_complete:
        return None
    readable = read.lines - read.unreadable
    cost = pricing.usd(pricing.ticks(read.tokens, prices.usd_per_1k))
    budget = prices.daily_budget_usd
    return {
        "lines": read.lines,
        "unreadable": read.unreadable,
        "tokens": read.tokens,
        "cost_usd": f"{cost:.2f}",
        "seconds": math.ceil(readable / prices.requests_per_second),
        "days_of_budget": math.ceil(cost / budget) if budget else None,
    }
