"""How far a batch has come: what is left of it, and what became of the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grok_insights.analysis.report import Report

if TYPE_CHECKING:
    from grok_insights.aws.worklist import Work
    from grok_insights.flow.pauses import WorkerState


@dataclass(slots=True)
class Progress:
    """How far a batch has come."""

    pending: deque[Work]
    suspects: deque[Work]
    batch_size: int
    remaining_seconds: Callable[[], float]
    report: Report = field(default_factory=Report)
    worker_state: WorkerState | None = None
    """What was read for the next wave already; None where it must be read."""
    begun: list[Work] = field(default_factory=list)
    """The wave that has begun and is not ended: nothing of it is known yet."""

    def next_works(self) -> tuple[deque[Work], int]:
        """What the next wave is taken from, and how many it may have at the most."""
        return (self.pending, self.batch_size) if self.pending else (self.suspects, 1)

    def begin(self, size: int) -> list[Work]:
        """Take a wave from those that are left."""
        works = self.next_works()[0]
        self.begun = [works.popleft() for _ in range(size)]
        return self.begun

    def end(self, report: Report) -> None:
        """Note how the wave that has begun ended."""
        self.report += report
        self.begun = []

    def left(self) -> list[Work]:
        """All whose end is not noted."""
        return [*self.begun, *self.pending, *self.suspects]
