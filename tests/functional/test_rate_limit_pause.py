"""A long rate limit of Grok: operators see it, and a damaged timetable is repaired."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from moto import mock_aws

from grok_insights.flow.pace import Pace
from grok_insights.wiring import Parts
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import Query
from tests.functional.worker import SETTINGS, RunningClock, Worker
from tests.standin import running

REAL = {"GROK_MODE": "real", "GROK_API_KEY": "xai-test", "GROK_MAX_REQUESTS_PER_SECOND": "10"}
PACE = Pace(10.0, 50)


@pytest.fixture
def real(clock: Clock) -> Iterator[Parts]:
    """Real mode with 10 calls a second: the largest wave takes 5 s, another may wait 5 s."""
    with mock_aws():
        yield make_parts(clock, **REAL)


def health(parts: Parts) -> tuple[int, dict[str, Any]]:
    response = Query(parts).get("/health")
    return response.status, response.body["worker"]


def put_pace(parts: Parts, seconds: float) -> None:
    """Set how far away the next start is."""
    next_us = round((parts.now().timestamp() + seconds) * 1_000_000)
    parts.dynamodb.put_item(
        TableName=parts.settings.state_table,
        Item={"id": {"S": "pace"}, "next_us": {"N": str(next_us)}},
    )


def test_a_far_retry_after_is_shown_as_a_pause_until_calls_may_start(real: Parts) -> None:
    now = real.now().timestamp()
    real.timetable.leave_free_until(now + 900, PACE, now)
    assert health(real) == (
        503,
        {"state": "paused", "reason": "rate_limited", "until": "2026-11-23T10:30:00.000Z"},
    )


@pytest.mark.parametrize("seconds", [0, 5, 10])
def test_a_timetable_that_waves_alone_have_filled_is_no_pause(real: Parts, seconds: float) -> None:
    put_pace(real, seconds)
    assert health(real) == (200, {"state": "running"})


def test_the_pause_begins_where_no_wave_could_have_pushed_the_timetable(real: Parts) -> None:
    put_pace(real, 10.1)
    assert health(real)[1]["reason"] == "rate_limited"


def test_the_mock_has_no_rate_limit(parts: Parts) -> None:
    put_pace(parts, 600)
    assert health(parts) == (200, {"state": "running"})


@pytest.mark.parametrize("seconds", [1_000, 86_400 * 365, 10**12])
def test_a_timetable_absurdly_far_ahead_is_no_pause_and_the_next_wave_repairs_it(
    real: Parts, seconds: float
) -> None:
    put_pace(real, seconds)
    assert health(real) == (200, {"state": "running"})
    now = real.now().timestamp()
    start_times = real.timetable.claim(5, PACE, now, 5.0)
    assert start_times is not None
    assert start_times.first_at == now
    following = real.timetable.claim(5, PACE, now, 5.0)
    assert following is not None
    assert following.first_at == pytest.approx(now + 0.5)


def test_the_longest_legitimate_wait_is_not_taken_for_damage(real: Parts) -> None:
    put_pace(real, 900 + 5 + 5)
    now = real.now().timestamp()
    assert real.timetable.claim(5, PACE, now, 5.0) is None
    assert health(real)[1]["reason"] == "rate_limited"


def test_a_rate_limit_is_met_although_the_timetable_is_damaged(real: Parts) -> None:
    put_pace(real, 86_400 * 365)
    now = real.now().timestamp()
    real.timetable.leave_free_until(now + 30, PACE, now)
    assert health(real)[1]["until"] == "2026-11-23T10:15:30.000Z"


@pytest.fixture
def new_worker() -> Iterator[Callable[..., Worker]]:
    with mock_aws(), running() as standin, ExitStack() as stack:

        def make(**settings: str) -> Worker:
            given = {**SETTINGS, "GROK_API_BASE_URL": standin.address, **settings}
            worker = Worker(make_parts(RunningClock(), **given), standin)
            stack.callback(worker.close)
            return worker

        yield make


def test_while_the_rate_limit_lasts_messages_wait_for_its_end_and_no_call_is_made(
    new_worker: Callable[..., Worker],
) -> None:
    worker = new_worker()
    put_pace(worker.parts, 600)
    assert worker.run(*worker.conversations(3)) == []
    assert [delay >= 599 for _, delay in worker.sent()] == [True] * 3
    assert worker.standin.books.calls == []


@pytest.mark.parametrize(("conversations", "calls"), [(1, 1), (4, 0)])
def test_a_wave_whose_last_call_would_start_too_late_goes_back(
    new_worker: Callable[..., Worker], conversations: int, calls: int
) -> None:
    """In 7 s, calls of 1 s may start for 4 s, and the first free start is in 2 s."""
    worker = new_worker(GROK_MAX_REQUESTS_PER_SECOND="1", GROK_TIMEOUT_SECONDS="1")
    put_pace(worker.parts, 2)
    worker.run(*worker.conversations(conversations), remaining_ms=7_000)
    assert len(worker.standin.books.calls) == calls
    assert len(worker.sent()) == conversations - calls
