"""How long to wait before the next try. Pure: the random number, 0 to 1, is passed in."""

from __future__ import annotations

import math
from typing import Final

BASE_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 300.0
MAX_DELAY_SECONDS: Final = 900
"""The longest DelaySeconds that SQS takes."""


def retry_delay_seconds(attempt: int, retry_after_seconds: float | None, random: float) -> int:
    """Seconds before the try after the ``attempt``-th one, from 0 to 900.

    Where Grok said how long, that long and up to a quarter more; else exponential backoff with
    full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    if retry_after_seconds is not None:
        return _whole(retry_after_seconds * (1 + random / 4))
    ceiling = min(LONGEST_SECONDS, BASE_SECONDS * 2 ** min(attempt, 30))
    return _whole(ceiling * random)


def deferral_seconds(remaining_seconds: float, random: float) -> int:
    """Seconds that a message is held back while calls are stopped, from 1 to 900.

    At least as long as the stop lasts, where SQS can; a tenth and up to 2 seconds more, so that
    not all come back at once, and few enough that one comes soon.
    """
    bounded = min(max(0.0, remaining_seconds), MAX_DELAY_SECONDS * 0.9)
    return max(1, _whole(bounded + random * (bounded / 10 if bounded > 20 else 2)))


def _whole(seconds: float) -> int:
    return min(MAX_DELAY_SECONDS, math.ceil(seconds))
