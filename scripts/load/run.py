"""Run the test: workers that send, or an import; one that reads insights, and a progress bar."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from scripts.imports.api import Json
from scripts.load.conversations import Conversation
from scripts.load.file_import import FileImport, write
from scripts.load.options import Options
from scripts.load.schedule import Schedule
from scripts.load.service import Outcome, Service
from scripts.load.tally import Tally
from scripts.load.watch import Watch

SHOW_SECONDS = 0.2
Show = Callable[[Tally, int, float], None]


@dataclass(slots=True)
class Run:
    """One test. It calls ``show`` with the progress several times a second."""

    options: Options
    service: Service
    source: Iterator[Conversation]
    is_same_clock: bool
    show: Show
    tally: Tally = field(default_factory=Tally)
    taken: int = 0
    is_sent: bool = False
    start: float = field(default_factory=time.perf_counter)
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = Watch(self.service, self.tally, self.clock, time.time(), self.is_same_clock)

    def clock(self) -> float:
        """Return the seconds since the start of the test."""
        return time.perf_counter() - self.start

    async def __call__(self) -> None:
        """Send everything, and wait for the insights until ``patience`` ends."""
        showing = asyncio.create_task(self._show())
        watching = asyncio.create_task(
            self.watch.poll_until(self._is_over, self.options.poll_seconds)
        )
        try:
            await (self._import() if self.options.by_import else self._send_all())
            self.is_sent = True
            await watching
        finally:
            watching.cancel()
            showing.cancel()
            self.show(self.tally, len(self.watch.waiting), self.clock())

    async def _send_all(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.options.concurrency):
                    group.create_task(self._work())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    def _is_over(self) -> bool:
        """Return whether everything arrived, or nothing has arrived for the allowed time."""
        last = max(self.tally.last_acceptance_seconds, self.tally.last_insight_seconds)
        is_given_up = self.clock() > last + self.options.patience_seconds
        return self.is_sent and (not self.watch.waiting or is_given_up)

    async def _show(self) -> None:
        while True:
            self.show(self.tally, len(self.watch.waiting), self.clock())
            await asyncio.sleep(SHOW_SECONDS)

    async def _work(self) -> None:
        """Send the next request, repeatedly, until none is left."""
        schedule = Schedule(self.options.rate)
        while batch := self._take():
            index = self.taken - len(batch)
            await asyncio.sleep(schedule.wait_seconds(index, self.clock()))
            began = schedule.began(index, self.clock())
            outcome = await self._send(batch, began)
            for external_id in outcome.accepted:
                self.watch.expect(external_id, began, batch)

    async def _import(self) -> None:
        """Import all conversations as one file, and count them while the job runs."""
        stop, loop = Event(), asyncio.get_running_loop()
        import_file = FileImport(self.service.base_url, self.service.headers, stop)

        def show(job: Json) -> None:
            loop.call_soon_threadsafe(self._count, job)

        with TemporaryDirectory(prefix="load-test-") as folder:
            file = Path(folder) / "conversations.jsonl"
            write(file, self._watched())
            try:
                await asyncio.to_thread(import_file, file, show)
            finally:
                stop.set()

    def _watched(self) -> Iterator[Conversation]:
        for one in islice(self.source, self.options.num_conversations):
            self.watch.expect(one["external_id"], 0.0, [one])
            yield one

    def _count(self, job: Json) -> None:
        """Count what the job has done since it was read last."""
        counts = job["counts"]
        accepted = counts["accepted"] - self.tally.accepted
        self.tally.imported(accepted, counts["rejected"] - self.tally.failed, self.clock())

    def _take(self) -> list[Conversation]:
        left = self.options.num_conversations - self.taken
        batch = list(islice(self.source, min(self.options.bulk, left)))
        self.taken += len(batch)
        return batch

    async def _send(self, batch: list[Conversation], began: float) -> Outcome:
        """Send a batch; send it again when told to wait, if the options say so."""
        while True:
            outcome = await self.service.send(batch, bulk=self.options.bulk > 1)
            self.tally.sent(outcome, began, self.clock())
            patience = self.clock() - began < self.options.patience_seconds
            if not (outcome.wait_seconds and self.options.retry and patience):
                return outcome
            await asyncio.sleep(outcome.wait_seconds)
