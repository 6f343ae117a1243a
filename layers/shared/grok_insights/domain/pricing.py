"""Amounts in whole ticks, as xAI bills them: 1 USD is 10^10 ticks. Floats are never added up."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

TICKS_PER_USD: Final = 10_000_000_000
"""https://docs.x.ai/docs/key-information/consumption-and-rate-limits, ``cost_in_usd_ticks``."""

CHARACTERS_PER_TOKEN: Final = 4
"""An approximation for English, used only if Grok reports no usage."""

MAX_USD_PER_1K: Final = Decimal("0.1")
"""A price for 1,000 tokens above that of every model: the most expensive one of xAI costs 0.012,
for prompts of more than 200,000 tokens. A reported cost above it is an error."""


def estimated_tokens(text: str) -> int:
    """Return the estimated number of tokens of a text, by its length; at least 1."""
    return max(1, -(-len(text) // CHARACTERS_PER_TOKEN))


def ticks(tokens: int, usd_per_1k: Decimal) -> int:
    """Return the price of tokens in ticks, rounded half to even."""
    return round(Decimal(tokens) * usd_per_1k * TICKS_PER_USD / 1000)


def usd(cost_ticks: int) -> Decimal:
    """Return the exact amount in USD."""
    return Decimal(cost_ticks) / TICKS_PER_USD


def dollars(cost_ticks: int) -> str:
    """Return the amount with 5 decimals, as insights show it: ``$0.00017``."""
    return f"${Decimal(cost_ticks) / TICKS_PER_USD:.5f}"
