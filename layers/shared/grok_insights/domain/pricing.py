"""Money in whole ticks, as xAI bills it: 1 USD is 10^10 ticks. Never a float sum."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

TICKS_PER_USD: Final = 10_000_000_000
"""https://docs.x.ai/docs/key-information/consumption-and-rate-limits, ``cost_in_usd_ticks``."""

CHARACTERS_PER_TOKEN: Final = 4
"""A rule of thumb for English, used only where Grok reports no usage."""


MAX_USD_PER_1K: Final = Decimal("0.1")
"""A price for 1,000 tokens that no model reaches: the dearest of xAI's costs 0.012, beyond 200,000
tokens of prompt. A bill above it is a fault of whoever wrote it."""


def estimated_tokens(text: str) -> int:
    """Tokens of a text, by its length: at least one."""
    return max(1, -(-len(text) // CHARACTERS_PER_TOKEN))


def ticks(tokens: int, usd_per_1k: Decimal) -> int:
    """The price of tokens in ticks, rounded half to even."""
    return round(Decimal(tokens) * usd_per_1k * TICKS_PER_USD / 1000)


def usd(cost_ticks: int) -> Decimal:
    """An amount in USD, exact."""
    return Decimal(cost_ticks) / TICKS_PER_USD


def dollars(cost_ticks: int) -> str:
    """``$0.00017``: the amount with 5 decimals, as insights show it."""
    return f"${Decimal(cost_ticks) / TICKS_PER_USD:.5f}"
