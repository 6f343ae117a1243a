"""Random waits, which differ in every environment, those made of one SnapStart snapshot included.

A snapshot holds the state of ``random``: all that start from it would wait alike, and meet again.
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
"""

from __future__ import annotations

from random import SystemRandom
from typing import Final

FIRST_SECONDS: Final = 0.02

fraction: Final = SystemRandom().random
"""A number from 0 up to, and without, 1."""


def seconds_before_retry(attempt: int, random: float) -> float:
    """How long to wait after a request has failed ``attempt`` times before: full jitter.

    ``random`` is a number from 0 to 1.

    At most 20 ms after the first failure, 0, and twice as long after each further one.
    """
    return random * FIRST_SECONDS * 2.0**attempt
