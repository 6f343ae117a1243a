"""When each request is due. Pure.

With a rate, requests are due at fixed times, independent of the service (open loop). If a request
is sent late because the service is slow, the delay is part of its latency, so a slow service does
not improve its figures by slowing down the test. Without a rate, each worker sends its next request
when it has the response to the last one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule of a test. ``rate`` is in conversations a second; None means without delay."""

    rate: float | None = None

    def due_seconds(self, index: int) -> float | None:
        """Return when conversation ``index`` is due, in seconds; None means at once."""
        return None if self.rate is None else index / self.rate

    def wait_seconds(self, index: int, elapsed: float) -> float:
        """Return how long to wait before conversation ``index`` is sent."""
        due = self.due_seconds(index)
        return 0.0 if due is None else max(0.0, due - elapsed)

    def began(self, index: int, sent: float) -> float:
        """Return when the latency of conversation ``index`` starts: when due, or when sent."""
        due = self.due_seconds(index)
        return sent if due is None else min(due, sent)
