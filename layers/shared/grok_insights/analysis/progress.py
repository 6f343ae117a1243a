"""The progress of a batch: the conversations that are left, and the report on the others."""

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
    """The progress of a batch. ``reworks`` are of jobs, and processed after all others."""

    pending: deque[Work]
    suspects: deque[Work]
    reworks: deque[Work]
    batch_size: int
    remaining_seconds: Callable[[], float]
    report: Report = field(default_factory=Report)
    worker_state: WorkerState | None = None
    """The state that was already read for the next wave; None if it must be read."""
    current_wave: list[Work] = field(default_factory=list)
    """The wave that has begun and not ended. Its outcomes are not known."""

    def next_works(self) -> tuple[deque[Work], int]:
        """Return the conversations for the next wave, and its largest size."""
        if self.pending:
            return self.pending, self.batch_size
        if self.suspects:
            return self.suspects, 1
        is_suspected = bool(self.reworks and self.reworks[0].message.suspected)
        return self.reworks, 1 if is_suspected else self.batch_size

    def begin(self, size: int) -> list[Work]:
        """Take the next wave from the conversations that are left, and return it."""
        works = self.next_works()[0]
        self.current_wave = [works.popleft() for _ in range(size)]
        return self.current_wave

    def end(self, report: Report) -> None:
        """Add the report of the wave that has ended."""
        self.report += report
        self.current_wave = []

    def left(self) -> list[Work]:
        """Return the conversations that have not ended."""
        return [*self.current_wave, *self.pending, *self.suspects, *self.reworks]
