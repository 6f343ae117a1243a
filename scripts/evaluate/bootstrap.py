"""Confidence intervals by the percentile bootstrap over conversations. Pure: the seed is given.

All repeats of a conversation are drawn together, since they are not independent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Final, NamedTuple

from scripts.evaluate.judgement import Judgement
from scripts.evaluate.measures import Measures, measure, measures_of, percentile
from scripts.evaluate.tally import Tally, added, tally_of

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
    tallies = _by_conversation(judgements)
    samples = [measures_of(added(it)) for it in _draws([tallies], seed, resamples)]
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
    runs = [_by_conversation(before), _by_conversation(after)]
    draws = iter(_draws(runs, seed, resamples))
    samples = [
        _difference(measures_of(added(left)), measures_of(added(right)))
        for left, right in zip(draws, draws, strict=True)
    ]
    return _intervals(_difference(measure(before), measure(after)), samples)


def _by_conversation(judgements: Iterable[Judgement]) -> dict[str, Tally]:
    grouped: dict[str, list[Judgement]] = {}
    for it in judgements:
        grouped.setdefault(it.id, []).append(it)
    return {name: tally_of(grouped[name]) for name in sorted(grouped)}


def _draws(
    runs: Sequence[Mapping[str, Tally]], seed: int, resamples: int
) -> Iterator[list[tuple[Tally, int]]]:
    """Yield for each resample the drawn tallies of each run, with how often each was drawn."""
    random = Random(seed)  # noqa: S311 - statistics, not secrets
    ids = list(runs[0])
    for _ in range(resamples):
        drawn = Counter(random.choices(ids, k=len(ids)))
        for run in runs:
            yield [(run[name], times) for name, times in drawn.items()]


def _difference(before: Measures, after: Measures) -> Measures:
    return {name: after[name] - before[name] for name in before if name in after}


def _intervals(values: Measures, samples: Sequence[Measures]) -> dict[str, Interval]:
    return {
        name: _interval(value, [it[name] for it in samples if name in it])
        for name, value in values.items()
    }


def _interval(value: float, sampled: Sequence[float]) -> Interval:
    if not sampled:
        return Interval(value, value, value)
    counted = dict(sorted(Counter(sampled).items()))
    return Interval(value, percentile(counted, _TAIL), percentile(counted, 1 - _TAIL))


def _require_same_labels(before: Sequence[Judgement], after: Sequence[Judgement]) -> None:
    left = {it.id: it.expected for it in before}
    right = {it.id: it.expected for it in after}
    other = left.keys() ^ right.keys()
    if other:
        raise NotComparable(f"{len(other)} conversations are in one of the two reports only")
    changed = [name for name, labels in left.items() if labels != right[name]]
    if changed:
        raise NotComparable(f"the labels of {len(changed)} conversations differ: {changed[:5]}")
