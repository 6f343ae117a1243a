"""Concurrent requests to AWS."""

from __future__ import annotations

import threading

import pytest

from grok_insights.aws import concurrent


def test_both_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=10)

    assert concurrent.both(lambda: meeting.wait() >= 0, lambda: meeting.wait() >= 0) == (
        True,
        True,
    )


def test_the_error_of_either_is_raised_when_both_have_ended() -> None:
    ended = threading.Event()
    failing = threading.Event()

    def fail() -> None:
        failing.set()
        raise TimeoutError

    def end() -> None:
        assert failing.wait(10)
        ended.set()

    with pytest.raises(TimeoutError):
        concurrent.both(fail, end)
    assert ended.is_set()

    with pytest.raises(TimeoutError):
        concurrent.both(lambda: None, fail)


def test_each_keeps_the_order_and_waits_for_all_before_it_raises() -> None:
    assert concurrent.each(abs, [-3, -1, -2]) == [3, 1, 2]
    done: list[int] = []

    def work(number: int) -> None:
        if number == 0:
            raise TimeoutError
        done.append(number)

    with pytest.raises(TimeoutError):
        concurrent.each(work, range(5))
    assert sorted(done) == [1, 2, 3, 4]
