"""Reads one slice: counts its insights in the first pass, and sends messages in the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.aws.queue import Message
from grok_insights.domain.job import Counts, Job, Part
from grok_insights.flow.budget import OVERHEAD_TOKENS

if TYPE_CHECKING:
    from grok_insights.aws.insights.scan import Scan, Selected
    from grok_insights.aws.jobs import Jobs
    from grok_insights.aws.queue import AnalysisQueue
    from grok_insights.aws.state.job_outcomes import JobOutcomes
    from grok_insights.domain.selection import Selection

PAGE: Final = 50
"""Insights that are looked at and sent together."""

ROOM_SECONDS: Final = 2.0
"""How long a full queue is left alone before it is looked at again."""


@dataclass(frozen=True, slots=True)
class SliceReader:
    """Reads slices. At most ``most_waiting`` messages wait because of it."""

    jobs: Jobs
    scan: Scan
    outcomes: JobOutcomes
    queue: AnalysisQueue
    most_waiting: int
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]

    def __call__(self, job: Job, number: int, deadline: float) -> None:
        """Read a slice from its last position, until its end or the deadline."""
        assert job.slices is not None
        part: Part | None = self.jobs.begin_part(job.id, number, job.run)
        where = job.slices.slice_of(number)
        selection = selection_of(job)
        is_counting = job.slices.pass_of(number) == 0
        while part is not None and not part.is_complete:
            if not self._may_go_on(job, deadline, waits=not is_counting):
                self.jobs.advance(part, part.model_copy(update={"attempts": 0}))
                return
            page = self.scan.page(selection, where, part.position, PAGE)
            chosen = [one for one in page.selected if one.created_at < job.created_at]
            counts = counted(chosen) if is_counting else self._sent(job, chosen)
            part = self._advanced(part, page.position, counts)

    def _advanced(self, part: Part, position: str | None, counts: Counts) -> Part | None:
        """Return the part with its progress; None if another execution was faster."""
        later = part.model_copy(
            update={
                "attempts": 0,
                "done": part.done + 1,
                "position": position or part.position,
                "is_complete": position is None,
                "counts": part.counts + counts,
            }
        )
        return later if self.jobs.advance(part, later) else None

    def _may_go_on(self, job: Job, deadline: float, *, waits: bool) -> bool:
        """Return whether the time and the queue allow another page; wait for room in the queue."""
        while self.monotonic() < deadline:
            stored = self.jobs.get(job.id)
            if stored is None or not stored.is_running or stored.run != job.run:
                return False
            # Slices that are read at the same time send too, so an earlier depth is of no use.
            if not waits or self.queue.present_depth() + PAGE <= self.most_waiting:
                return True
            self.sleep(ROOM_SECONDS)
        return False

    def _sent(self, job: Job, chosen: Sequence[Selected]) -> Counts:
        """Send messages for the insights that the job has not replaced, and count them.

        Raises
        ------
        RuntimeError
            SQS did not accept all of them. The page is sent again.
        """
        left = [one for one in chosen if one.job_id != job.id]
        ended = self.outcomes.ended(job.id, [one.conversation_id for one in left]) if left else ()
        messages = [self._message(job, one) for one in left if one.conversation_id not in ended]
        unsent = self.queue.send(messages)
        if unsent:
            raise RuntimeError(f"{len(unsent)} messages were not sent")
        return Counts(sent=len(messages))

    def _message(self, job: Job, one: Selected) -> Message:
        return Message(
            one.conversation_id,
            1,
            self.now(),
            generation=one.generation,
            job=job.id,
            revision=one.revision,
        )


def counted(chosen: Sequence[Selected]) -> Counts:
    """Return how many insights there are, and the tokens that their analysis took.

    A failed one has none, and counts with those of the instructions.
    """
    return Counts(selected=len(chosen), tokens=sum(one.tokens or OVERHEAD_TOKENS for one in chosen))


def selection_of(job: Job) -> Selection:
    """Return the insights that a job is about."""
    from grok_insights.domain.job_filter import JobFilter

    return (job.options.filter or JobFilter()).selection()
