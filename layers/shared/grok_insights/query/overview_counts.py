"""What the overview shows of the counters: sums of a range, matches and movers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from grok_insights.domain import movers
from grok_insights.domain.insight import Sentiment
from grok_insights.domain.selection import Selection
from grok_insights.domain.trends import Cell, Interval, LabelCounts, Series, points

Kinds = Mapping[datetime, Counter[str]]
"""The insights of each point, by kind."""


class Window(NamedTuple):
    """A range of whole points. ``over`` ends the part of it that is over."""

    start: datetime
    end: datetime
    over: datetime
    interval: Interval

    @property
    def before(self) -> Window:
        """The range before, which is as long, with the same part of it."""
        length = self.end - self.start
        return Window(self.start - length, self.start, self.over - length, self.interval)

    @property
    def both(self) -> list[datetime]:
        """The points of the range before and of this one."""
        return [*points(self.before.start, self.end, self.interval)]


class Counts(NamedTuple):
    """The counters of a range and of the range before it.

    ``series`` and ``topics`` are those of all insights. ``label`` is the one of the filter.
    ``fields`` are the counts of the fields and segments of the profile, by dimension and without
    the range before.
    """

    series: Series
    topics: LabelCounts
    label: Counter[Cell] | None
    fields: dict[str, LabelCounts]

    def kinds(self, window: Window) -> Kinds:
        """Return the insights of each point that have the label, or all if there is none."""
        if self.label is None:
            return self.series
        found = {at: Counter[str]() for at in window.both}
        for (at, sentiment), number in self.label.items():
            found[at][sentiment] += number
        return found


def total(kinds: Kinds, start: datetime, end: datetime) -> Counter[str]:
    """Return the sums of the points from ``start`` until ``end``."""
    sums = Counter[str]()
    for at, numbers in kinds.items():
        if start <= at < end:
            sums.update(numbers)
    return sums


def by_sentiment(cells: Counter[Cell], start: datetime, end: datetime) -> Counter[str]:
    """Return the insights of a label by sentiment, from ``start`` until ``end``."""
    sums = Counter[str]()
    for (at, sentiment), number in cells.items():
        if start <= at < end:
            sums[sentiment] += number
    return sums


def matches(selection: Selection, totals: Counter[str]) -> int | None:
    """Return how many insights match all filters; None if no counter knows it.

    Counters know one label with its sentiment. ``totals`` are those of this label.
    """
    if selection.is_contradiction:
        return 0
    if selection.conversation_id is not None or len(selection.all_labels) > 1:
        return None
    return sum(totals[kind] for kind in selection.kinds)


def compared_topics(counts: Counts, window: Window) -> list[movers.Mover]:
    """Return all topics, compared with the range before: the significant changes first."""
    return movers.movers(_period(counts, window), _period(counts, window.before))


def _period(counts: Counts, window: Window) -> movers.Period:
    totals = total(counts.series, window.start, window.over)
    topics = {
        value: by_sentiment(cells, window.start, window.over)
        for value, cells in counts.topics.items()
    }
    counted = {
        value: movers.Count(kinds.total(), kinds[Sentiment.NEGATIVE])
        for value, kinds in topics.items()
        if kinds
    }
    completed = sum(totals[sentiment] for sentiment in Sentiment)
    # Topics and totals are two reads, and conversations can be erased between them.
    return movers.Period(counted, max([completed, *(one.count for one in counted.values())]))
