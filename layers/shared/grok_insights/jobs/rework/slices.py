"""Reads one slice of stored insights, page by page, for the work of a kind of job."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from grok_insights.domain.insight import Status
from grok_insights.domain.job import Counts, Job, JobKind, Part, PartFile

if TYPE_CHECKING:
    from grok_insights.aws.insights.scan import Scan, ScanPage
    from grok_insights.aws.jobs import Jobs
    from grok_insights.domain.selection import Selection
    from grok_insights.jobs.plan import Plan

PAGE: Final = 50
"""Insights that are looked at together."""

ROOM_SECONDS: Final = 2.0
"""How long work that has no room is left alone before it is looked at again."""

ReadPage = Callable[[str, int], "ScanPage"]
"""Returns the page of the slice after a position, of so many insights that are looked at."""


class Done(NamedTuple):
    """What was done of a slice: until a position, or until its end if that is None."""

    position: str | None
    counts: Counts
    file: PartFile | None = None


class SliceWork(ABC):
    """What jobs of one kind do with slices. Everything may run twice."""

    @abstractmethod
    def plan(self, job: Job, parts: list[Part]) -> Plan:
        """Return the plan of the next round. ``parts`` are the next ones that are not complete."""

    @abstractmethod
    def process(self, job: Job, part: Part, read: ReadPage, deadline: float) -> Done:
        """Process the next insights of a slice, after the position of its part."""

    def has_room(self, job: Job, number: int) -> bool:
        """Return whether a part of a job may go on now."""
        del job, number
        return True

    def finish(self, job: Job, deadline: float) -> Job | None:
        """Do what is left when all slices are read, and return the job.

        Return None if the deadline came before the end: the step is called again.
        """
        del deadline
        return job

    def open(self, job: Job) -> None:  # noqa: B027 - most kinds keep nothing open
        """Open what is needed while a job runs."""

    def close(self, job: Job) -> None:  # noqa: B027
        """Close what is open while a job runs."""


@dataclass(frozen=True, slots=True)
class SliceReader:
    """Reads slices."""

    jobs: Jobs
    scan: Scan
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]

    def __call__(self, job: Job, number: int, deadline: float, work: SliceWork) -> None:
        """Process a slice from its last position, until its end or the deadline."""
        assert job.slices is not None
        part: Part | None = self.jobs.begin_part(job.id, number, job.run)
        where, selection = job.slices.slice_of(number), selection_of(job)
        while part is not None and not part.is_complete:
            if not self._may_go_on(job, deadline, lambda: work.has_room(job, number)):
                self.jobs.advance(part, part.model_copy(update={"attempts": 0}))
                return
            read = partial(self.scan.page, selection, where, made_by=job.id)
            done = work.process(job, part, read, deadline)
            part = self._advanced(part, done)

    def _advanced(self, part: Part, done: Done) -> Part | None:
        """Return the part with its progress; None if another execution was faster."""
        later = part.model_copy(
            update={
                "attempts": 0,
                "done": part.done + 1,
                "position": done.position or part.position,
                "is_complete": done.position is None,
                "counts": part.counts + done.counts,
                "files": part.files if done.file is None else (*part.files, done.file),
            }
        )
        return later if self.jobs.advance(part, later) else None

    def _may_go_on(self, job: Job, deadline: float, has_room: Callable[[], bool]) -> bool:
        """Return whether the job runs and the time allows more work; wait until it has room."""
        while self.monotonic() < deadline:
            stored = self.jobs.get(job.id)
            if stored is None or not stored.is_running or stored.run != job.run:
                return False
            if has_room():
                return True
            self.sleep(ROOM_SECONDS)
        return False


def selection_of(job: Job) -> Selection:
    """Return the insights that a job is about. Only completed ones have topics to map."""
    from grok_insights.domain.job_filter import JobFilter

    selection = (job.options.filter or JobFilter()).selection()
    return replace(selection, status=Status.COMPLETED) if job.kind is JobKind.REMAP else selection
