"""New conversations go before those that a job analyses again."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from grok_insights.flow.priority import YOUNG_SECONDS, rework_budget, yield_until
from tests.builders import NOW


def test_jobs_may_make_calls_while_the_oldest_new_conversation_is_young() -> None:
    assert yield_until(None, NOW) == 0.0
    assert yield_until(NOW - timedelta(seconds=YOUNG_SECONDS), NOW) == 0.0


def test_jobs_wait_for_half_a_minute_after_a_new_conversation_has_waited_for_long() -> None:
    oldest = NOW - timedelta(seconds=YOUNG_SECONDS + 1)
    assert yield_until(oldest, NOW) == NOW.timestamp() + 30


@given(st.integers(1, 10**15))
def test_a_budget_leaves_jobs_a_share_and_never_no_limit(ticks: int) -> None:
    share = rework_budget(ticks)
    assert 0 < share <= ticks
    assert share * 5 >= ticks * 4


def test_no_budget_is_no_limit_for_jobs_either() -> None:
    assert rework_budget(0) == 0
