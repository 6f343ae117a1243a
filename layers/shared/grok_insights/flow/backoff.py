"""Delays of messages that are sent again. Pure: the random number, from 0 to 1, is an argument."""

from __future__ import annotations

import math
from typing import Final

BASE_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 300.0
MAX_DELAY_SECONDS: Final = 900
"""The largest DelaySeconds that SQS accepts."""


def retry_delay_seconds(attempt: int, retry_after_seconds: float | None, random: float) -> int:
    """Return the delay before the retry after attempt ``attempt``, from 0 to 900 seconds.

    If Grok named a delay, it is that delay plus up to a quarter. Otherwise it is an exponential
    backoff with full jitter:
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    if retry_after_seconds is not None:
        return _rounded_up(retry_after_seconds * (1 + random / 4))
    ceiling = min(LONGEST_SECONDS, BASE_SECONDS * 2 ** min(attempt, 30))
    return _rounded_up(ceiling * random)


def deferral_seconds(remaining_seconds: float, random: float) -> int:
    """Return the delay of a message while calls are paused, from 1 to 900 seconds.

    It is at least the remaining time of the pause, as far as SQS allows. A random part of up to a
    tenth, or of up to 2 seconds for a short pause, is added so that not all messages return at the
    same time. It is small, so that the first message returns soon after the pause.
    """
    bounded = min(max(0.0, remaining_seconds), MAX_DELAY_SECONDS * 0.9)
    return max(1, _rounded_up(bounded + random * (bounded / 10 if bounded > 20 else 2)))


def _rounded_up(seconds: float) -> int:
    return min(MAX_DELAY_SECONDS, math.ceil(seconds))
