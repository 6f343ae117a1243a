"""The pace: calls start one after another, evenly, however many functions make them. Pure.

All functions claim their starting times from one shared timetable, so that a function that runs
alone may use the whole rate, and many together never exceed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from grok_insights.flow.backoff import MAX_DELAY_SECONDS

MICROSECONDS: Final = 1_000_000

LONGEST_WAIT_SECONDS: Final = 5.0
"""A wave that would have to wait longer for its turn goes back to the queue, which costs less."""

CLOCK_SKEW_SECONDS: Final = 60.0
"""By how much the clocks of two functions may differ."""


@dataclass(frozen=True, slots=True)
class Pace:
    """At most so many calls start in a second, and so many in one wave."""

    per_second: float
    largest_wave: int = 50

    @property
    def longest_wave_seconds(self) -> float:
        """How long the starts of the largest wave take."""
        return self.largest_wave / self.per_second

    def furthest_start(self, now: float) -> float:
        """The latest time, in seconds of the epoch, that the timetable can have reached by itself.

        That is the longest time for which Grok's rate limit moves it ahead, and a wave on top.
        """
        ahead = MAX_DELAY_SECONDS + LONGEST_WAIT_SECONDS + self.longest_wave_seconds
        return now + ahead + CLOCK_SKEW_SECONDS

    def taken_us(self, calls: int) -> int:
        """How much of the timetable some calls take, in microseconds."""
        return round(calls * MICROSECONDS / self.per_second)

    def calls_within(self, seconds: float) -> int:
        """How many calls can start within a time, the first one at once; at least one."""
        return max(1, int(seconds * self.per_second) + 1)

    def longest_wait_seconds(self, calls: int, room_seconds: float) -> float:
        """How long a wave may wait for its first start, so that its last one is within the room.

        Below 0 where the wave takes longer than the room.
        """
        return min(LONGEST_WAIT_SECONDS, room_seconds - (calls - 1) / self.per_second)


@dataclass(frozen=True, slots=True)
class StartTimes:
    """The starting times of a wave: the first one, and the seconds from each to the next."""

    first_at: float
    apart_seconds: float = 0.0

    def at(self, index: int) -> float:
        """When the ``index``-th call starts, in seconds of the epoch."""
        return self.first_at + index * self.apart_seconds
