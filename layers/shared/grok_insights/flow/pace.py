"""The pace of calls: they start at even intervals, however many functions make them. Pure.

All functions claim start times from one shared timetable. So a single function can use the whole
rate, and many functions together do not exceed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from grok_insights.flow.backoff import MAX_DELAY_SECONDS

MICROSECONDS: Final = 1_000_000

LONGEST_WAIT_SECONDS: Final = 5.0
"""If the first start time is later than this, the wave's messages are sent to the queue again,
which costs less than waiting."""

CLOCK_SKEW_SECONDS: Final = 60.0
"""The largest difference between the clocks of two functions."""


@dataclass(frozen=True, slots=True)
class Pace:
    """At most ``per_second`` calls start in a second, and ``largest_wave`` calls in one wave."""

    per_second: float
    largest_wave: int = 50

    @property
    def longest_wave_seconds(self) -> float:
        """The time in which all calls of the largest wave start."""
        return self.largest_wave / self.per_second

    def furthest_start(self, now: float) -> float:
        """Return the latest valid start time, in epoch seconds. A later one is damaged.

        It is the longest delay after a rate limit, plus the longest wait and the largest wave.
        """
        ahead = MAX_DELAY_SECONDS + LONGEST_WAIT_SECONDS + self.longest_wave_seconds
        return now + ahead + CLOCK_SKEW_SECONDS

    def taken_us(self, calls: int) -> int:
        """Return the time that a number of calls takes in the timetable, in microseconds."""
        return round(calls * MICROSECONDS / self.per_second)

    def calls_within(self, seconds: float) -> int:
        """Return how many calls can start within a time if the first starts at once; at least 1."""
        return max(1, int(seconds * self.per_second) + 1)

    def longest_wait_seconds(self, calls: int, room_seconds: float) -> float:
        """Return how long a wave may wait for its first call to start.

        All its calls must start within ``room_seconds``. The result is below 0 if they cannot.
        """
        return min(LONGEST_WAIT_SECONDS, room_seconds - (calls - 1) / self.per_second)


@dataclass(frozen=True, slots=True)
class StartTimes:
    """The start times of a wave: the first one in epoch seconds, and the interval in seconds."""

    first_at: float
    interval_seconds: float = 0.0

    def at(self, index: int) -> float:
        """Return the start time of call ``index``, counted from 0, in epoch seconds."""
        return self.first_at + index * self.interval_seconds
