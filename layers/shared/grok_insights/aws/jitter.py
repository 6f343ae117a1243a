"""Random waits that differ in all environments, including those from one SnapStart snapshot.

A snapshot contains the state of ``random``: all environments that start from it would wait for the
same times, and their requests would conflict again.
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
"""

from __future__ import annotations

from random import SystemRandom
from typing import Final

FIRST_SECONDS: Final = 0.02

fraction: Final = SystemRandom().random
"""Returns a random number from 0 up to, but not including, 1."""


def seconds_before_retry(attempt: int, random: float) -> float:
    """Return the wait before a retry, with full jitter. ``attempt`` is 0 after the first failure.

    It is at most 20 ms after the first failure, and at most twice as long after each further one.
    ``random`` is a number from 0 to 1.
    """
    return random * FIRST_SECONDS * 2.0**attempt
