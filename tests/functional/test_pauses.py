"""What stops calls, when several functions change it at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from grok_insights.flow.pace import Pace
from grok_insights.wiring import Parts
from tests.functional.conftest import Clock, make_parts

DAY = "2026-11-23"


def _spent(parts: Parts) -> int:
    return parts.pauses.read(parts.now()).worker_state.spent_ticks


def test_of_many_functions_one_wave_at_the_most_crosses_the_budget(parts: Parts) -> None:
    with ThreadPoolExecutor(8) as threads:
        admitted = list(threads.map(lambda _: parts.pauses.reserve(DAY, 30, 100), range(40)))
    assert admitted.count(True) == 4
    assert _spent(parts) == 120


def test_what_was_reserved_too_much_is_given_back(parts: Parts) -> None:
    assert parts.pauses.reserve(DAY, 100, 100)
    assert not parts.pauses.reserve(DAY, 1, 100)
    parts.pauses.settle(DAY, -90)
    assert parts.pauses.reserve(DAY, 1, 100)
    assert _spent(parts) == 11


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=12))
def test_starting_times_never_overlap_and_are_never_in_the_past(sizes: list[int]) -> None:
    pace = Pace(37.0)
    with mock_aws():
        pauses = make_parts(Clock()).pauses
        free_from = 1_000.0
        for size in sizes:
            slots = pauses.claim_start_times(size, pace, 1_000.0, 3_600.0)
            assert slots is not None
            assert slots.first_at >= free_from - 1e-4
            free_from = slots.at(size)
    assert free_from >= 1_000.0 + sum(sizes) / 37.0 - 1e-3


def test_a_wave_whose_turn_is_too_far_off_takes_no_slot(parts: Parts) -> None:
    pace = Pace(10.0)
    assert parts.pauses.claim_start_times(50, pace, 1_000.0, 2.0) is not None
    assert parts.pauses.claim_start_times(5, pace, 1_000.0, 2.0) is None
    assert parts.pauses.claim_start_times(5, pace, 1_004.0, 2.0) is not None


def test_one_of_many_functions_tries_whether_credits_are_back(parts: Parts) -> None:
    parts.pauses.pause_for_credits(since=1_000.0, until=1_300.0)
    with ThreadPoolExecutor(8) as threads:
        claims = list(
            threads.map(lambda _: parts.pauses.claim_credits_trial(1_300.0, 1_600.0), range(8))
        )
    assert claims.count(True) == 1
