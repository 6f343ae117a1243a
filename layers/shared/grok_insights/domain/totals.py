"""The running totals behind ``/metrics``: whole-number counters that only grow, kept in one item.

They are written once a batch and add up across functions and cold starts. Names are the
attributes of that item: ``calls``, ``errors_transient``, ``latency_le_0.5``, ``cost_ticks``, …
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import Final

LATENCY_BOUNDS_SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the latency histogram; what is above the last one counts under ``inf``."""

ERROR: Final = "errors_"
LATENCY: Final = "latency_le_"


def of_call(
    latency_seconds: float, *, tokens: int = 0, cost_ticks: int = 0, error: str | None = None
) -> Counter[str]:
    """What one call to Grok adds. ``error`` is the kind of its error, if it had one.

    Each call counts in one latency bucket only; a reader sums them up as Prometheus wants it.
    """
    bounds = (*map(str, LATENCY_BOUNDS_SECONDS), "inf")
    bucket = bounds[bisect_left(LATENCY_BOUNDS_SECONDS, latency_seconds)]
    return Counter(
        {
            "calls": 1,
            f"{LATENCY}{bucket}": 1,
            "latency_ms": round(latency_seconds * 1000),
            "tokens": tokens,
            "cost_ticks": cost_ticks,
            **({f"{ERROR}{error}": 1} if error else {}),
        }
    )
