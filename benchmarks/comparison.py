"""Measure implementations in turn, round by round, so that other load affects all equally."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

Rounds = dict[str, list[float]]
"""The measurements of each implementation, round by round."""


def interleaved(implementations: Mapping[str, Callable[[], float]], rounds: int) -> Rounds:
    """Measure each once a round, after one round that does not count.

    Each round starts with another implementation.
    """
    names = list(implementations)
    found: Rounds = {name: [] for name in names}
    for number in range(rounds + 1):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            found[name].append(implementations[name]())
    return {name: values[1:] for name, values in found.items()}


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median over the rounds of our value divided by theirs."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
