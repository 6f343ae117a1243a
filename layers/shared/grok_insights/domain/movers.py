"""Which labels changed their share from one period to the next by more than chance explains. Pure.

The share of a label is its count, divided by the completed conversations of the period. Two shares
are compared by the chi-squared test with Yates' correction for continuity, which claims little for
small counts. With many labels, some differ much by chance alone, so Benjamini and Hochberg's
procedure bounds the share of false ones among those that are called significant.
https://doi.org/10.1111/j.2517-6161.1995.tb02031.x
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

FALSE_DISCOVERY_RATE: Final = 0.05
"""The expected share of labels that did not change among those that are called significant."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many completed conversations of a period have a label, and how many are negative."""

    count: int = 0
    negative: int = 0

    @property
    def negative_share(self) -> float | None:
        """The share of negative ones among those with the label; None if there are none."""
        return self.negative / self.count if self.count else None


class Period(NamedTuple):
    """The counts of each label in a period, and the number of its completed conversations."""

    labels: Mapping[str, Count]
    completed: int

    def share(self, label: str) -> float:
        """Return the share of conversations that have a label; 0 if there is no conversation."""
        return self.labels.get(label, Count()).count / self.completed if self.completed else 0.0


@dataclass(frozen=True, slots=True)
class Mover:
    """A label in a period, compared with the period before.

    ``change`` is the difference of the shares, from -1 to 1. ``p_value`` is the probability of so
    large a difference, or a larger one, if nothing had changed.
    """

    label: str
    now: Count
    before: Count
    share: float
    share_before: float
    change: float
    p_value: float
    is_significant: bool


def movers(now: Period, before: Period) -> list[Mover]:
    """Return all labels of two periods: significant ones first, then by the size of the change."""
    labels = sorted(now.labels.keys() | before.labels.keys())
    p_values = {label: _p_value(label, now, before) for label in labels}
    significant = _discoveries(p_values)
    found = [
        Mover(
            label=label,
            now=now.labels.get(label, Count()),
            before=before.labels.get(label, Count()),
            share=now.share(label),
            share_before=before.share(label),
            change=now.share(label) - before.share(label),
            p_value=p_values[label],
            is_significant=label in significant,
        )
        for label in labels
    ]
    return sorted(found, key=lambda mover: (not mover.is_significant, -abs(mover.change)))


def _p_value(label: str, now: Period, before: Period) -> float:
    """Return the two-sided p-value of Yates' chi-squared test, from 0 to 1.

    It is 1 if a period has no conversation, or if all or none of both periods have the label.
    """
    has, had = now.labels.get(label, Count()).count, before.labels.get(label, Count()).count
    lacks, lacked = now.completed - has, before.completed - had
    everything = now.completed + before.completed
    product = now.completed * before.completed * (has + had) * (lacks + lacked)
    if not product:
        return 1.0
    distance = max(0.0, abs(has * lacked - lacks * had) - everything / 2)
    chi_squared = everything * distance**2 / product
    return math.erfc(math.sqrt(chi_squared / 2))


def _discoveries(p_values: Mapping[str, float]) -> frozenset[str]:
    """Return the labels that are significant by Benjamini and Hochberg's procedure."""
    ordered = sorted(p_values.items(), key=lambda pair: pair[1])
    last = max(_places_that_hold(p for _, p in ordered), default=0)
    return frozenset(label for label, _ in ordered[:last])


def _places_that_hold(ordered: Iterable[float]) -> list[int]:
    """Return the places, from 1, whose p-value is within the line that rises to the rate."""
    values = list(ordered)
    return [
        place
        for place, p_value in enumerate(values, start=1)
        if p_value <= place / len(values) * FALSE_DISCOVERY_RATE
    ]
