"""Confidence intervals by the percentile bootstrap over conversations. Pure: the seed is given.

All repeats of a conversation are drawn together, since they are not independent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final, NamedTuple

from scripts.evaluate.judgement import Judgement
from scripts.evaluate.measures import Measures, measure, percentile

SEED: Final = 20_261_124
RESAMPLES: Final = 1_000
_TAIL: Final = 0.025


class Interval(NamedTuple):
    """A value with its confidence interval of 95 %."""

    value: float
    low: float
    high: float

    @property
    def is_above_zero(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.low > 0

    @property
    def is_below_zero(self) -> bool:
        """Whether the whole interval is below 0."""
        return self.high < 0


class NotComparable(ValueError):
    """Two runs are not about the same labelled conversations."""


def intervals(
    judgements: Sequence[Judgement], seed: int = SEED, resamples: int = RESAMPLES
) -> dict[str, Interval]:
    """Return each measure of a run with its interval."""
    grouped = _by_conversation(judgements)
    samples = [measure(_drawn(grouped, ids)) for ids in _draws(list(grouped), seed, resamples)]
    return _intervals(measure(judgements), samples)


def differences(
    before: Sequence[Judgement],
    after: Sequence[Judgement],
    seed: int = SEED,
    resamples: int = RESAMPLES,
) -> dict[str, Interval]:
    """Return the difference of each measure that both runs have: ``after`` minus ``before``.

    Each resample draws the same conversations from both runs.

    Raises
    ------
    NotComparable
        The runs have other conversations, or other labels for the same ones.
    """
    _require_same_labels(before, after)
    left, right = _by_conversation(before), _by_conversation(after)
    samples = [
        _difference(measure(_drawn(left, ids)), measure(_drawn(right, ids)))
        for ids in _draws(list(left), seed, resamples)
    ]
    return _intervals(_difference(measure(before), measure(after)), samples)


def _by_conversation(judgements: Sequence[Judgement]) -> dict[str, list[Judgement]]:
    grouped: dict[str, list[Judgement]] = {}
    for it in judgements:
        grouped.setdefault(it.id, []).append(it)
    return grouped


def _draws(ids: Sequence[str], seed: int, resamples: int) -> Iterator[list[str]]:
    random = Random(seed)  # noqa: S311 - statistics, not secrets
    for _ in range(resamples):
        yield random.choices(ids, k=len(ids))


def _drawn(grouped: Mapping[str, list[Judgement]], ids: Sequence[str]) -> list[Judgement]:
    return [judgement for name in ids for judgement in grouped[name]]


def _difference(before: Measures, after: Measures) -> Measures:
    return {name: after[name] - before[name] for name in before if name in after}


def _intervals(values: Measures, samples: Sequence[Measures]) -> dict[str, Interval]:
    return {
        name: _interval(value, sorted(it[name] for it in samples if name in it))
        for name, value in values.items()
    }


def _interval(value: float, ordered: Sequence[float]) -> Interval:
    if not ordered:
        return Interval(value, value, value)
    return Interval(value, percentile(ordered, _TAIL), percentile(ordered, 1 - _TAIL))


def _require_same_labels(before: Sequence[Judgement], after: Sequence[Judgement]) -> None:
    left = {it.id: it.expected for it in before}
    right = {it.id: it.expected for it in after}
    other = left.keys() ^ right.keys()
    if other:
        raise NotComparable(f"{len(other)} conversations are in one of the two reports only")
    changed = [name for name, labels in left.items() if labels != right[name]]
    if changed:
        raise NotComparable(f"the labels of {len(changed)} conversations differ: {changed[:5]}")
