"""A re-analysis that needs more than a day's budget: it pauses, and goes on the next day."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.simulation.over_budget import CONVERSATIONS, TODAY, TOMORROW, Story, story


@pytest.fixture(scope="module")
def told() -> Story:
    """Run in a process of its own, because a run sets the clock and variables of libraries."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(story).result()


def test_every_insight_is_replaced_in_the_end(told: Story) -> None:
    assert told.violations == []
    assert (told.statuses, told.replaced) == (["completed"], CONVERSATIONS)


def test_the_job_pauses_in_the_middle_and_goes_on_after_midnight(told: Story) -> None:
    assert set(told.calls_for_the_job) == {TODAY, TOMORROW}
    before = [hour for hour in told.hours_of_calls_for_the_job if hour < 1]
    after = [hour for hour in told.hours_of_calls_for_the_job if hour >= 1]
    assert max(before) < 0.2
    assert 1 <= min(after) < 1.2


def test_the_job_leaves_the_last_fifth_of_the_day_to_new_conversations(told: Story) -> None:
    # The calls in flight may cost more than was reserved for them.
    assert 0.6 < told.spent_at_the_last_call_for_the_job[TODAY] < 0.85
