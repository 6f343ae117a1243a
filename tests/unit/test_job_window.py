"""How many messages a slice of a job sends at a time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from grok_insights.jobs.rework.window import Window


def test_it_grows_by_one_while_messages_are_not_delayed() -> None:
    window = Window(largest=4)
    sizes = []
    for _ in range(5):
        window.learn([0.1, 0.3], all_ended=True)
        sizes.append(window.size)
    assert sizes == [2, 3, 4, 4, 4]


def test_it_shrinks_to_half_when_one_of_them_was_delayed() -> None:
    window = Window(largest=9, size=9, shortest_seconds=0.1)
    window.learn([0.1, 0.7], all_ended=True)
    assert window.size == 4


def test_a_wait_that_all_messages_have_is_no_delay() -> None:
    window = Window(largest=9)
    for _ in range(3):
        window.learn([2.0, 2.2], all_ended=True)
    assert window.size == 4


def test_messages_without_an_outcome_are_delayed() -> None:
    window = Window(largest=9, size=8)
    window.learn([], all_ended=False)
    assert window.size == 4


@given(
    st.integers(1, 50),
    st.lists(st.tuples(st.lists(st.floats(-1.0, 900.0), max_size=5), st.booleans()), max_size=30),
)
def test_it_stays_between_one_and_the_largest(
    largest: int, groups: list[tuple[list[float], bool]]
) -> None:
    window = Window(largest)
    for waits, all_ended in groups:
        window.learn(waits, all_ended=all_ended)
        assert 1 <= window.size <= largest
