"""Movers: significance accounts for volume and for the number of labels."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.domain.movers import Count, Period, movers

counts = st.integers(0, 400)


def period(completed: int, **labels: int) -> Period:
    return Period({name: Count(count) for name, count in labels.items()}, completed)


@pytest.mark.parametrize(
    ("before", "now", "completed", "is_news"),
    [
        (2, 4, 10_000, False),
        (100, 200, 10_000, True),
        (0, 3, 100, False),
        (0, 30, 100, True),
        (5_000, 5_000, 10_000, False),
    ],
)
def test_a_change_is_news_only_if_the_volume_supports_it(
    before: int, now: int, completed: int, is_news: bool
) -> None:
    [mover] = movers(period(completed, refund=now), period(completed, refund=before))
    assert mover.is_significant is is_news
    assert mover.change == pytest.approx((now - before) / completed)


def test_a_label_that_keeps_its_share_while_the_volume_doubles_did_not_change() -> None:
    [mover] = movers(period(20_000, refund=400), period(10_000, refund=200))
    assert (mover.change, mover.is_significant) == (0.0, False)


def test_the_p_value_is_that_of_the_textbook() -> None:
    # The expected number is from chi2_contingency of SciPy, with the same four counts.
    [mover] = movers(period(100, refund=30), period(100, refund=15))
    assert mover.p_value == pytest.approx(0.01775592261403611)


def test_an_empty_period_makes_no_news() -> None:
    [mover] = movers(period(100, refund=30), period(0))
    assert (mover.p_value, mover.is_significant, mover.before) == (1.0, False, Count())


def test_significant_labels_come_first_and_then_the_largest_changes() -> None:
    found = movers(period(1_000, a=100, b=300, c=12), period(1_000, a=300, b=200, c=10))
    assert [mover.label for mover in found] == ["a", "b", "c"]
    assert [mover.is_significant for mover in found] == [True, True, False]


def test_chance_alone_seldom_makes_news_among_many_labels() -> None:
    chance = random.Random(7)
    news = 0
    for _ in range(60):
        periods = [
            period(1_000, **{f"l{n}": _drawn(chance, 1_000, 0.02) for n in range(20)})
            for _ in range(2)
        ]
        news += any(mover.is_significant for mover in movers(*periods))
    assert news <= 6


def _drawn(chance: random.Random, trials: int, probability: float) -> int:
    return sum(chance.random() < probability for _ in range(trials))


@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(counts, counts)), st.integers(0, 800))
def test_swapping_the_periods_turns_each_change_and_keeps_each_p_value(
    labels: dict[str, tuple[int, int]], more: int
) -> None:
    now = Period({name: Count(one) for name, (one, _) in labels.items()}, 400 + more)
    before = Period({name: Count(other) for name, (_, other) in labels.items()}, 400)
    forward = {mover.label: mover for mover in movers(now, before)}
    backward = {mover.label: mover for mover in movers(before, now)}
    assert forward.keys() == backward.keys()
    for label, mover in forward.items():
        assert mover.change == -backward[label].change
        assert mover.p_value == pytest.approx(backward[label].p_value)
        assert mover.is_significant == backward[label].is_significant
        assert 0.0 <= mover.p_value <= 1.0
