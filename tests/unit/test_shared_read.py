"""A read that may be slow: how long a caller waits for it, and how often it runs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from grok_insights.aws.shared_read import SharedRead

SECONDS = 30.0


def test_a_caller_during_a_read_gets_its_result() -> None:
    go_on, runs = Event(), []

    def slow() -> int:
        go_on.wait(SECONDS)
        runs.append(1)
        return len(runs)

    read = SharedRead(slow)
    futures = {read.begin() for _ in range(5)}
    go_on.set()
    assert [future.result(SECONDS) for future in futures] == [1]
    assert read.result(SECONDS) == 2


def test_no_caller_waits_beyond_its_limit_and_the_next_one_gets_the_result() -> None:
    go_on = Event()
    read = SharedRead(lambda: go_on.wait(SECONDS))
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        read.result(0.01)
    assert time.monotonic() - begun < SECONDS
    first = read.begin()
    go_on.set()
    assert first.result(SECONDS) is True


def test_what_it_raises_is_raised_in_each_thread_that_waits() -> None:
    go_on = Event()

    def fail() -> None:
        go_on.wait(SECONDS)
        raise LookupError("nothing there")

    read = SharedRead(fail)
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(read.result, SECONDS) for _ in range(3)]
        go_on.set()
        for one in asked:
            with pytest.raises(LookupError, match="nothing there"):
                one.result(SECONDS)
