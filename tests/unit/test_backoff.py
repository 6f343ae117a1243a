"""How long a retry waits."""

from __future__ import annotations

import pytest

from grok_insights.flow.backoff import deferral_seconds, retry_delay_seconds


@pytest.mark.parametrize(
    ("attempt", "longest"),
    [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 64), (7, 128), (8, 256), (9, 300), (99, 300)],
)
def test_the_longest_wait_doubles_with_each_attempt_up_to_300_seconds(
    attempt: int, longest: int
) -> None:
    assert retry_delay_seconds(attempt, None, 1.0) == longest


@pytest.mark.parametrize(("random", "delay"), [(0.0, 0), (0.25, 4), (0.5, 8), (0.75, 12)])
def test_the_wait_is_a_random_part_of_the_longest(random: float, delay: int) -> None:
    assert retry_delay_seconds(4, None, random) == delay


@pytest.mark.parametrize(
    ("asked", "random", "delay"), [(30, 0.0, 30), (30, 1.0, 38), (0.2, 0.0, 1), (900, 1.0, 900)]
)
def test_what_grok_asked_for_is_waited_for_and_up_to_a_quarter_more(
    asked: float, random: float, delay: int
) -> None:
    assert retry_delay_seconds(1, asked, random) == delay


@pytest.mark.parametrize(
    ("remaining", "random", "delay"),
    [(0, 0.0, 1), (10, 0.0, 10), (10, 1.0, 12), (100, 1.0, 110), (86_400, 0.0, 810)],
)
def test_a_message_is_held_back_a_little_longer_than_the_pause(
    remaining: float, random: float, delay: int
) -> None:
    assert deferral_seconds(remaining, random) == delay
