"""Measures contestants in turn, round by round, so that whatever happens meets all alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

Rounds = dict[str, list[float]]
"""What was measured of each contestant, round by round."""


def interleaved(contestants: Mapping[str, Callable[[], float]], rounds: int) -> Rounds:
    """Measure each once a round, after one round that does not count.

    Who is first moves on from round to round.
    """
    names = list(contestants)
    found: Rounds = {name: [] for name in names}
    for number in range(rounds + 1):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            found[name].append(contestants[name]())
    return {name: values[1:] for name, values in found.items()}


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over the rounds of what ours is of theirs."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
