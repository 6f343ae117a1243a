"""The parts of a job on stored insights: each is one shard of the index by time, and some days.

Slices are numbered, and the numbers go on in the next pass. The largest number of slices is what
one Distributed Map may have.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple, Self

from grok_insights.domain.timestamps import Instant
from grok_insights.validation import Model

MAX_SLICES: Final = 2_000


class Slice(NamedTuple):
    """A shard, and the days from ``start`` until ``end``, which is not included."""

    shard: int
    start: datetime
    end: datetime


class Slices(Model):
    """The slices of a range: ``windows`` of ``days`` from ``first``, for each of ``shards``."""

    first: Instant
    days: int
    windows: int
    shards: int

    @classmethod
    def of(cls, start: datetime, end: datetime, shards: int) -> Self:
        """Return the slices of the range that contains both instants."""
        first = start.replace(hour=0, minute=0, second=0, microsecond=0)
        whole_days = (end - first).days + 1
        most_windows = max(1, MAX_SLICES // shards)
        days = -(-whole_days // most_windows)
        return cls(first=first, days=days, windows=-(-whole_days // days), shards=shards)

    @property
    def number(self) -> int:
        """Return how many slices one pass has."""
        return self.windows * self.shards

    def pass_of(self, part: int) -> int:
        """Return the pass of a part, from 0."""
        return part // self.number

    def slice_of(self, part: int) -> Slice:
        """Return the slice of a part."""
        window, shard = divmod(part % self.number, self.shards)
        start = self.first + timedelta(days=window * self.days)
        return Slice(shard, start, start + timedelta(days=self.days))
