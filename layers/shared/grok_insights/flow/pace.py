"""The pace: calls start one after another, evenly, however many functions make them. Pure.

All functions claim their starting times from one shared timetable, so that a function that runs
alone may use the whole rate, and many together never exceed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    """At most so many calls start in a second."""

    per_second: float

    def taken_us(self, calls: int) -> int:
        """How much of the timetable some calls take, in microseconds."""
        return round(calls * MICROSECONDS / self.per_second)

    def calls_within(self, seconds: float) -> int:
        """How many calls can start within a time, the first one at once; at least one."""
        return max(1, int(seconds * self.per_second) + 1)


@dataclass(frozen=True, slots=True)
class StartTimes:
    """The starting times of a wave: the first one, and the seconds from each to the next."""

    first_at: float
    apart_seconds: float = 0.0

    def at(self, index: int) -> float:
        """When the ``index``-th call starts, in seconds of the epoch."""
        return self.first_at + index * self.apart_seconds
