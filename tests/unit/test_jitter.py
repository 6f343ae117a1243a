"""Random waits before a request to AWS is repeated."""

from __future__ import annotations

import random

from grok_insights.aws import jitter


def test_environments_of_one_snapshot_do_not_wait_alike() -> None:
    snapshot = random.getstate()
    first = [jitter.fraction() for _ in range(4)]
    random.setstate(snapshot)
    assert [jitter.fraction() for _ in range(4)] != first


def test_a_wait_is_anything_up_to_20_ms_and_twice_as_much_each_time() -> None:
    waits = [jitter.seconds_before_retry(3, jitter.fraction()) for _ in range(1_000)]
    assert 0 <= min(waits) < 0.02
    assert 0.14 < max(waits) < 0.16
