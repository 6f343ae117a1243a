"""Imports one part: its conversations are accepted as by a bulk request, 500 at a time."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from grok_insights.aws.concurrent import chunks
from grok_insights.aws.files import part_key, rejected_key
from grok_insights.domain.job import Counts, Job, Part, line_id
from grok_insights.errors import Erased, RequestError, Unavailable
from grok_insights.ingest.conversations import Accepted
from grok_insights.jobs.files.digest import BodyStream
from grok_insights.jobs.files.lines import BUFFER_BYTES
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.aws.files import Files
    from grok_insights.aws.jobs import Jobs
    from grok_insights.aws.queue import AnalysisQueue
    from grok_insights.ingest.conversations import Ingest, Outcome

MAX_SENDS: Final = 4
"""How often conversations are sent that the table or the queue did not accept."""

Entry = dict[str, Any]
"""A line of a part: its ``line``, and the ``item`` or the ``error``."""


@dataclass(frozen=True, slots=True)
class PartImporter:
    """Imports parts. It leaves room in the queue for other conversations."""

    jobs: Jobs
    files: Files
    ingest: Ingest
    queue: AnalysisQueue
    most_waiting: int
    chunk_lines: int
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]

    def __call__(self, job: Job, number: int, deadline: float) -> None:
        """Import the lines of a part that are not done, until the deadline or a full queue.

        If the table or the queue accepts no conversations, the part is left for a later round.
        """
        part = self.jobs.begin_part(job.id, number, job.run)
        if part.is_complete:
            return
        entries = islice(self._entries(job, number), part.done, None)
        for chunk in chunks(entries, self.chunk_lines):
            if not self._may_go_on(job, len(chunk), deadline):
                self._leave(part)
                return
            try:
                later = self._import(job, part, chunk)
            except Unavailable:
                self._leave(part)
                return
            if later is None:
                return
            part = later
        if self.jobs.advance(part, part.model_copy(update={"is_complete": True, "attempts": 0})):
            self.files.delete(part_key(job.id, number))

    def _leave(self, part: Part) -> None:
        """Leave a part that did not fail: this run is no attempt."""
        self.jobs.advance(part, part.model_copy(update={"attempts": 0}))

    def _entries(self, job: Job, number: int) -> Iterator[Entry]:
        body = self.files.open(part_key(job.id, number))
        if body is None:
            raise RuntimeError(f"part {number} of job {job.id} is not there")
        yield from map(json.loads, io.BufferedReader(BodyStream(body), BUFFER_BYTES))

    def _may_go_on(self, job: Job, more: int, deadline: float) -> bool:
        if self.monotonic() >= deadline:
            return False
        if self.queue.depth() + more > self.most_waiting:
            return False
        stored = self.jobs.get(job.id)
        return stored is not None and stored.is_running and stored.run == job.run

    def _import(self, job: Job, part: Part, chunk: Sequence[Entry]) -> Part | None:
        """Import a chunk, and return the part; None if another execution was faster."""
        sent = [entry for entry in chunk if "item" in entry]
        outcomes = self._outcomes(job, sent)
        errors = {entry["line"]: {"error": entry["error"]} for entry in chunk if "error" in entry}
        errors |= {
            entry["line"]: _reason(outcome)
            for entry, outcome in zip(sent, outcomes, strict=True)
            if isinstance(outcome, RequestError) and not isinstance(outcome, Erased)
        }
        if errors:
            self._write_errors(job, part, errors)
        accepted = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
        counts = Counts(
            accepted=len(accepted),
            repeated=sum(not outcome.is_new for outcome in accepted),
            rejected=len(errors),
            erased=sum(isinstance(outcome, Erased) for outcome in outcomes),
        )
        later = part.model_copy(
            update={
                "done": part.done + len(chunk),
                "counts": part.counts + counts,
                "attempts": 0,
            }
        )
        return later if self.jobs.advance(part, later) else None

    def _outcomes(self, job: Job, entries: Sequence[Entry]) -> list[Outcome]:
        """Send conversations until each is accepted or rejected for good.

        Raises
        ------
        Unavailable
            Some are still not accepted after the last attempt.
        """
        outcomes: dict[int, Outcome] = {}
        waiting = list(entries)
        for attempt in range(MAX_SENDS):
            for entry, outcome in zip(waiting, self._send(job, waiting), strict=True):
                outcomes[entry["line"]] = outcome
            waiting = [one for one in waiting if isinstance(outcomes[one["line"]], Unavailable)]
            if not waiting:
                return [outcomes[entry["line"]] for entry in entries]
            logger.warning("conversations were not accepted", job_id=job.id, lines=len(waiting))
            self.sleep(2.0**attempt)
        raise Unavailable("conversations were not accepted")

    def _send(self, job: Job, entries: Sequence[Entry]) -> list[Outcome]:
        digest = job.checkpoint.digest
        ids = [line_id(digest, entry["line"]) for entry in entries]
        try:
            return self.ingest.many([entry["item"] for entry in entries], ids) if entries else []
        except Unavailable as error:
            return [error] * len(entries)

    def _write_errors(self, job: Job, part: Part, errors: dict[int, dict[str, Any]]) -> None:
        lines = (json.dumps({"line": line, **errors[line]}) + "\n" for line in sorted(errors))
        key = rejected_key(job.id, part.number, part.done)
        self.files.put(key, "".join(lines).encode())


def _reason(error: RequestError) -> dict[str, Any]:
    faults = [{"location": one.location, "message": one.message} for one in error.faults]
    return {"error": error.detail, **({"errors": faults} if faults else {})}
