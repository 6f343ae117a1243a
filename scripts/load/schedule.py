"""When each request is due. Pure.

With a rate, requests are due at fixed times whatever the service does (open loop): one that is sent
late because the service is slow counts its lateness, so that a slow service cannot hide by slowing
down its test. Without a rate, each worker sends its next request when the last one was answered.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """``rate`` is in conversations a second, None for as fast as the workers go."""

    rate: float | None = None

    def due_seconds(self, index: int) -> float | None:
        """Seconds from the start at which conversation ``index`` is due; None means at once."""
        return None if self.rate is None else index / self.rate

    def wait_seconds(self, index: int, elapsed: float) -> float:
        """How long to wait before conversation ``index`` is sent."""
        due = self.due_seconds(index)
        return 0.0 if due is None else max(0.0, due - elapsed)

    def began(self, index: int, sent: float) -> float:
        """From when the latency of conversation ``index`` counts: when it was due, or sent."""
        due = self.due_seconds(index)
        return sent if due is None else min(due, sent)
