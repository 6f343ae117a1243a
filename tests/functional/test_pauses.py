"""Items that stop calls, when several functions change them concurrently."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from grok_insights.flow.pace import Pace
from grok_insights.flow.pauses import PauseName, TimedPause
from grok_insights.wiring import Parts
from tests.functional.conftest import Clock, make_parts
from tests.functional.lost_responses import lost_responses

DAY = "2026-11-23"


def _spent(parts: Parts) -> int:
    spent = parts.pauses.read(parts.now()).spent_ticks
    assert spent is not None
    return spent


def test_at_most_one_wave_of_many_functions_exceeds_the_budget(parts: Parts) -> None:
    with ThreadPoolExecutor(8) as threads:
        reserved = list(threads.map(lambda _: parts.spending.reserve(DAY, 30, 100), range(40)))
    assert sum(one is not None for one in reserved) == 4
    assert _spent(parts) == 120


def test_what_was_reserved_too_much_is_given_back(parts: Parts) -> None:
    reservation = parts.spending.reserve(DAY, 100, 100)
    assert reservation is not None
    assert parts.spending.reserve(DAY, 1, 100) is None
    parts.spending.settle(reservation, 10)
    assert parts.spending.reserve(DAY, 1, 100) is not None
    assert _spent(parts) == 11


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=12))
def test_starting_times_never_overlap_and_are_never_in_the_past(sizes: list[int]) -> None:
    pace = Pace(37.0)
    with mock_aws():
        timetable = make_parts(Clock()).timetable
        free_from = 1_000.0
        for size in sizes:
            slots = timetable.claim(size, pace, 1_000.0, 3_600.0)
            assert slots is not None
            assert slots.first_at >= free_from - 1e-4
            free_from = slots.at(size)
    assert free_from >= 1_000.0 + sum(sizes) / 37.0 - 1e-3


def test_a_wave_whose_turn_is_too_far_off_takes_no_slot(parts: Parts) -> None:
    pace = Pace(10.0)
    assert parts.timetable.claim(50, pace, 1_000.0, 2.0) is not None
    assert parts.timetable.claim(5, pace, 1_000.0, 2.0) is None
    assert parts.timetable.claim(5, pace, 1_004.0, 2.0) is not None


@pytest.mark.parametrize("name", PauseName)
def test_one_of_many_functions_tries_whether_a_pause_may_end(parts: Parts, name: PauseName) -> None:
    parts.pauses.pause(name, since=1_000, until=1_300)
    (seen,) = parts.pauses.read(parts.now()).timed_pauses
    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(lambda _: parts.pauses.claim_trial(seen, 1_600), range(8)))
    (trial,) = [claim for claim in claims if claim is not None]
    assert parts.pauses.read(parts.now()).timed_pauses == (TimedPause(name, 1_000, 1_600),)
    parts.pauses.end_pause(trial)
    assert parts.pauses.read(parts.now()).timed_pauses == ()


def test_a_pause_keeps_its_beginning_and_takes_the_last_end_and_detail(parts: Parts) -> None:
    parts.pauses.pause(PauseName.STORAGE, since=1_000, until=1_300, detail="throttled")
    parts.pauses.pause(PauseName.STORAGE, since=1_200, until=1_500, detail="refused")
    assert parts.pauses.read(parts.now()).timed_pauses == (
        TimedPause(PauseName.STORAGE, 1_000, 1_500, "refused"),
    )


def test_a_pause_that_is_written_late_does_not_shorten_one_that_was_written_since(
    parts: Parts,
) -> None:
    parts.pauses.pause(PauseName.CREDITS, since=1_000, until=1_300)
    [pause] = parts.pauses.read(parts.now()).timed_pauses
    trial = parts.pauses.claim_trial(pause, until=1_600)
    parts.pauses.pause(PauseName.CREDITS, since=1_000, until=1_300, detail="late")
    [pause] = parts.pauses.read(parts.now()).timed_pauses
    assert (pause.until, pause.detail) == (1_600, "")
    assert trial is not None
    parts.pauses.end_pause(trial)
    assert parts.pauses.read(parts.now()).timed_pauses == ()


def test_a_trial_does_not_end_a_pause_that_began_anew_meanwhile(parts: Parts) -> None:
    parts.pauses.pause(PauseName.CREDITS, since=1_000, until=1_300)
    (seen,) = parts.pauses.read(parts.now()).timed_pauses
    trial = parts.pauses.claim_trial(seen, 1_600)
    assert trial is not None
    parts.pauses.pause(PauseName.CREDITS, since=1_400, until=1_700)
    parts.pauses.end_pause(trial)
    (pause,) = parts.pauses.read(parts.now()).timed_pauses
    assert (pause.since, pause.until) == (1_000, 1_700)


def test_a_claim_whose_response_is_lost_is_still_the_claimants(parts: Parts) -> None:
    parts.pauses.pause(PauseName.CREDITS, since=1_000, until=1_300)
    (seen,) = parts.pauses.read(parts.now()).timed_pauses
    with lost_responses(parts.dynamodb, "UpdateItem") as lost:
        trial = parts.pauses.claim_trial(seen, 1_600)
    assert len(lost) == 1
    assert trial is not None
    assert parts.pauses.claim_trial(seen, 1_600) is None
    parts.pauses.end_pause(trial)
    assert parts.pauses.read(parts.now()).timed_pauses == ()
