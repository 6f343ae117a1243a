"""The range of a query for trends, and its counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from grok_insights.domain.trends import Interval, LabelCounts, Series


class Range(NamedTuple):
    """A range of whole points of a series."""

    start: datetime
    end: datetime
    interval: Interval


class Counts(NamedTuple):
    """The counts of a range: the totals of each point, and the labels by dimension."""

    series: Series
    labels: dict[str, LabelCounts]

    @property
    def totals(self) -> Counter[str]:
        """The sum of all points."""
        return sum_of(self.series)


def sum_of(series: Series) -> Counter[str]:
    """Return the sum of all points."""
    sums = Counter[str]()
    for numbers in series.values():
        sums.update(numbers)
    return sums
