"""Times in buckets that are 1 % wide: any number of times in a few kilobytes. Pure."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

WIDTH: Final = 1.01
SHORTEST_SECONDS: Final = 0.0001
PERCENTILES: Final = (50, 95, 99)

_LOG_WIDTH: Final = math.log(WIDTH)


@dataclass(slots=True)
class Histogram:
    """Counts of times in seconds. Percentiles are exact to 1 %, the longest time is exact."""

    counts: Counter[int] = field(default_factory=Counter)
    longest: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one time. A time below a tenth of a millisecond counts as a tenth."""
        known = max(seconds, SHORTEST_SECONDS)
        self.counts[math.floor(math.log(known / SHORTEST_SECONDS) / _LOG_WIDTH)] += 1
        self.longest = max(self.longest, known)

    @property
    def total(self) -> int:
        """Return how many times were counted."""
        return self.counts.total()

    def percentile(self, percent: float) -> float | None:
        """Return a percentile (0 to 100) of the times; None if nothing was counted.

        It uses the nearest rank: the result is a time that was counted, never one in between.
        """
        rank = max(math.ceil(self.total * percent / 100), 1)
        below = 0
        for bucket in sorted(self.counts):
            below += self.counts[bucket]
            if below >= rank:
                middle = SHORTEST_SECONDS * math.pow(WIDTH, bucket + 0.5)
                return min(middle, self.longest)
        return None

    def summary(self) -> dict[str, float | None]:
        """Return p50, p95, p99 and the longest time in seconds, to a tenth of a millisecond."""
        found = {f"p{percent}": self.percentile(percent) for percent in PERCENTILES}
        found["max"] = self.longest if self.total else None
        return {name: None if value is None else round(value, 4) for name, value in found.items()}
