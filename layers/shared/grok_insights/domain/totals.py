"""The running totals for ``/metrics``: whole-number counters in one item, which only grow.

They are written once for each batch, and so include all functions and cold starts. Their names are
the attributes of the item: ``calls``, ``errors_transient``, ``latency_le_0.5``, ``cost_ticks``, …
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import Final

LATENCY_BOUNDS_SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the latency histogram. Longer calls count in the bucket ``inf``."""

ERROR: Final = "errors_"
LATENCY: Final = "latency_le_"


def of_call(
    latency_seconds: float, *, tokens: int = 0, cost_ticks: int = 0, error: str | None = None
) -> Counter[str]:
    """Return what one call to Grok adds. ``error`` is the kind of its error, if it failed.

    Each call counts in one latency bucket only. `prometheus` adds them up to cumulative buckets.
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
