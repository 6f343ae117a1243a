"""Estimates what the analysis of a file, or of stored insights, will take. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from grok_insights.domain import pricing
from grok_insights.domain.job import JobStatus

if TYPE_CHECKING:
    from grok_insights.bodies.jobs import EstimateBody
    from grok_insights.domain.job import Checkpoint, Counts, Job


class Prices(NamedTuple):
    """What the analysis costs, and how fast it is."""

    usd_per_1k: Decimal
    requests_per_second: float
    daily_budget_usd: Decimal


def tokens_of(item: Mapping[str, Any], overhead_tokens: int) -> int:
    """Return the estimated tokens of a call about a conversation that has not been checked.

    They are those that the budget reserves for the call.
    """
    return pricing.estimated_tokens(_text_of(item)) + overhead_tokens


def _text_of(item: Mapping[str, Any]) -> str:
    text, messages = item.get("text"), item.get("messages")
    if isinstance(messages, list):
        turns = (turn for turn in messages if isinstance(turn, dict))
        return "\n".join(f"{turn.get('role')}: {turn.get('text')}" for turn in turns)
    return text if isinstance(text, str) else ""


def estimate(read: Checkpoint, prices: Prices) -> EstimateBody | None:
    """Return the estimate for a file; None until it is read."""
    if not read.is_complete:
        return None
    return _estimate(read.lines, read.unreadable, read.tokens, prices)


def estimate_rework(job: Job, counts: Counts, prices: Prices) -> EstimateBody | None:
    """Return the estimate for stored insights, by their last tokens; None until all are counted.

    A job may spend four fifths of a day's budget.
    """
    if job.passes < 2 and job.status is not JobStatus.COMPLETED:
        return None
    share = prices._replace(daily_budget_usd=prices.daily_budget_usd * 4 / 5)
    return _estimate(counts.selected, 0, counts.tokens, share)


def _estimate(lines: int, unreadable: int, tokens: int, prices: Prices) -> EstimateBody:
    cost = pricing.usd(pricing.ticks(tokens, prices.usd_per_1k))
    budget = prices.daily_budget_usd
    return {
        "lines": lines,
        "unreadable": unreadable,
        "tokens": tokens,
        "cost_usd": f"{cost:.2f}",
        "seconds": math.ceil((lines - unreadable) / prices.requests_per_second),
        "days_of_budget": math.ceil(cost / budget) if budget else None,
    }
