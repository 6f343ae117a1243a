"""Import a large file on the local stack while its function is killed, and print the figures.

``make backlog`` runs it on the stack of ``make up``, with ``LINES=50000`` by default. It is not
part of ``make test``, because it takes minutes. `test_imports.py` imports a smaller file.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any, Final
from uuid import uuid4

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from scripts.imports.api import connected
from scripts.imports.command import Importer
from scripts.imports.record import Record
from scripts.local.aws import EmulatorSession
from tests.recount import Counts, counted, recount

SAMPLES: Final = Path(__file__).parents[2] / "scripts/samples.jsonl"
BAD_LINES: Final = 100
SAMPLE_SECONDS: Final = 0.5
LOOK_SECONDS: Final = 0.2
POLL_SECONDS: Final = 2.0
STALLED_SECONDS: Final = 600.0
COLUMNS: Final = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)


@dataclass
class Watch:
    """Samples the memory of a function's processes, and kills them at chosen progress."""

    function: str
    emulator_pid: str
    peak_mb: float = 0.0
    killed: int = 0
    seen: set[int] = field(default_factory=set)
    ended: Event = field(default_factory=Event)

    def processes(self) -> Iterator[int]:
        """Yield the ids of the function's processes."""
        listed = subprocess.run(
            ["ps", "-axwwo", "pid=,ppid=,command="], capture_output=True, text=True, check=True
        )
        for line in listed.stdout.splitlines():
            pid, parent, command = line.split(maxsplit=2)
            if parent == self.emulator_pid and f"ministack-lambda-{self.function}-" in command:
                yield int(pid)

    def run(self) -> None:
        """Sample until the end."""
        while not self.ended.wait(SAMPLE_SECONDS):
            for pid in self.processes():
                self.seen.add(pid)
                with suppress(OSError, StopIteration):
                    status = Path(f"/proc/{pid}/status").read_text()
                    high = next(x for x in status.splitlines() if x.startswith("VmHWM"))
                    self.peak_mb = max(self.peak_mb, int(high.split()[1]) / 1024)

    def kill(self) -> None:
        """Kill the function's processes, as a crash would."""
        for pid in list(self.processes()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed += 1


def write_backlog(path: Path, lines: int, bad: int = BAD_LINES) -> list[int]:
    """Write a file of conversations of the last 100 days, and return the numbers of bad lines."""
    samples = [json.loads(line) for line in SAMPLES.read_text("utf-8").splitlines()]
    marker, every = uuid4().hex[:8], lines // bad
    first = datetime.now(UTC) - timedelta(days=100)
    step = timedelta(days=99) / lines
    numbers = []
    with path.open("w", encoding="utf-8") as file:
        for number in range(1, lines + 1):
            if number % every == 0:
                numbers.append(number)
                file.write('{"text": "cut off\n')
                continue
            item = {
                **samples[number % len(samples)],
                "occurred_at": (first + number * step).isoformat(timespec="seconds"),
                "metadata": {"reference": f"{marker}-{number}"},
            }
            del item["external_id"]
            if number % 2:
                item["external_id"] = f"backlog-{marker}-{number}"
            file.write(json.dumps(item) + "\n")
    return numbers


@dataclass
class Backlog:
    """The stack, as its variables name it."""

    environment: dict[str, str]

    def __post_init__(self) -> None:
        session = EmulatorSession(self.environment["AWS_ENDPOINT_URL"])
        self.dynamodb, self.sqs = session.dynamodb(), session.sqs()
        headers = {"x-api-key": self.environment["API_KEY"]}
        self.connections = ExitStack()
        self.api = self.connections.enter_context(connected(self.environment["API_URL"], headers))

    def close(self) -> None:
        """Close the connections."""
        self.connections.close()

    def imported(self, path: Path, folder: Path, **options: Any) -> dict[str, Any]:
        """Import a file by the command's own code, and return the ended job."""
        record = Record(folder, path, self.environment["API_URL"])
        return Importer(self.api, record, Console(stderr=True), options, time.sleep)(path)

    def rejected(self, job: dict[str, Any]) -> list[int]:
        """Return the numbers of the rejected lines, as their file lists them."""
        response = self.api.storage.get(job["rejected_file"]["url"])
        response.raise_for_status()
        return [json.loads(line)["line"] for line in response.text.splitlines()]

    def ids(self, table: str, key: str) -> set[str]:
        """Return the ids of a table's items that are no marks."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.environment[f"{table}_TABLE_NAME"],
            FilterExpression="attribute_not_exists(erased)",
            ProjectionExpression=key,
        )
        return {item[key]["S"] for page in pages for item in page["Items"]}

    def conversations(self) -> set[str]:
        """Return the ids of all conversations."""
        return self.ids("CONVERSATIONS", "id")

    def waiting(self) -> int:
        """Return the number of messages in the queue, received ones among them."""
        response = self.sqs.get_queue_attributes(
            QueueUrl=self.environment["ANALYSIS_QUEUE_URL"], AttributeNames=["All"]
        )
        return sum(
            int(number)
            for name, number in response["Attributes"].items()
            if name.startswith("ApproximateNumberOfMessages")
        )

    def wait_until_analysed(self) -> None:
        """Wait until each conversation has its insight, and show how many messages are left.

        Raises
        ------
        AssertionError
            For ten minutes, no message was processed.
        """
        with Progress(*COLUMNS, console=Console(stderr=True)) as progress:
            task = progress.add_task("Analyse (messages)", total=self.waiting())
            left, deadline = sys.maxsize, 0.0
            while True:
                waiting = self.waiting()
                if waiting < left:
                    left, deadline = waiting, time.monotonic() + STALLED_SECONDS
                total = max(progress.tasks[task].total or 0, waiting)
                progress.update(task, completed=total - waiting, total=total)
                if not waiting:
                    missing = self.conversations() - self.ids("INSIGHTS", "conversation_id")
                    if not missing:
                        return
                assert time.monotonic() < deadline, f"{waiting} messages still wait"
                time.sleep(POLL_SECONDS)

    def counters(self) -> Counts:
        """Return the stored counters."""
        return counted(self.dynamodb, self.environment["TRENDS_TABLE_NAME"])

    def recount(self) -> Counts:
        """Return the counters that follow from the insights."""
        return recount(self.dynamodb, self.environment["INSIGHTS_TABLE_NAME"])


def run(backlog: Backlog, lines: int, kills: int, folder: Path) -> dict[str, Any]:
    """Import a file while the function is killed, import it again, and return the figures.

    Raises
    ------
    AssertionError
        A line was lost or counted twice, or the second import changed something.
    """
    path = folder / "backlog.jsonl"
    bad = write_backlog(path, lines)
    before = backlog.conversations()
    environment = backlog.environment
    watch = Watch(environment["IMPORT_FUNCTION_NAME"], environment["EMULATOR_PID"])
    sampler = Thread(target=watch.run, daemon=True)
    sampler.start()
    killer = Thread(target=_kill, args=(backlog, watch, kills), daemon=True)
    killer.start()
    started = time.monotonic()
    job = backlog.imported(path, folder)
    import_seconds = time.monotonic() - started
    watch.ended.set()
    assert job["status"] == "completed", job["error"]
    assert job["counts"]["accepted"] == lines - len(bad), job["counts"]
    assert backlog.rejected(job) == bad
    stored = backlog.conversations()
    assert len(stored - before) == lines - len(bad)
    say = Console(stderr=True).print
    assert watch.killed >= kills, f"only {watch.killed} processes were killed"
    say(f"Imported in {import_seconds:.0f} s; {watch.killed} processes were killed.")
    backlog.wait_until_analysed()
    analysed_seconds = time.monotonic() - started
    counters = backlog.counters()
    assert counters == backlog.recount(), "the counters differ from a recount"
    say("Each line has its insight, and the counters equal a recount. Imports the file again.")
    started = time.monotonic()
    again = backlog.imported(path, folder, again=True)
    again_seconds = time.monotonic() - started
    assert again["counts"]["repeated"] == lines - len(bad), again["counts"]
    assert backlog.conversations() == stored
    backlog.wait_until_analysed()
    assert backlog.counters() == counters == backlog.recount(), "the second import changed counters"
    return {
        "lines": lines,
        "file, MB": round(path.stat().st_size / 1e6, 1),
        "accepted, each with its insight": lines - len(bad),
        "rejected, as listed": len(bad),
        "processes of the function, killed": watch.killed,
        "processes of the function, in total": len(watch.seen),
        "peak memory of the function, MB": round(watch.peak_mb, 1),
        "import, s": round(import_seconds, 1),
        "all analysed after, s": round(analysed_seconds, 1),
        "counters that equal a recount": len(counters),
        "second import, repeated lines": again["counts"]["repeated"],
        "second import, s": round(again_seconds, 1),
    }


def _kill(backlog: Backlog, watch: Watch, kills: int) -> None:
    """Kill the function once while it reads, and then at equal steps of progress."""
    share, done, looks = 1 / (kills + 1), 0, count(1)
    while done < kills and not watch.ended.wait(LOOK_SECONDS):
        # From addresses of its own, so that the rate limit delays neither this nor the import.
        headers = {"x-forwarded-for": f"198.19.0.{next(looks) % 250 + 1}"}
        listed = backlog.api.client.get("/api/v1/jobs", params={"limit": "1"}, headers=headers)
        jobs = listed.raise_for_status().json()["items"]
        if not jobs or jobs[0]["status"] != "running":
            continue
        job = backlog.api.client.get(f"/api/v1/jobs/{jobs[0]['id']}", headers=headers).json()
        total = job["progress"]["lines_total"]
        if total and job["progress"]["lines_done"] / total >= share * (done + 1):
            before = watch.killed
            watch.kill()
            done += watch.killed > before


def main() -> int:
    """Run the command on the stack of the environment."""
    console = Console()
    if "EMULATOR_PID" not in os.environ:
        console.print("Which stack? Start one with make up.")
        return 2
    with closing(Backlog(dict(os.environ))) as backlog, TemporaryDirectory() as folder:
        figures = run(
            backlog,
            int(os.environ.get("LINES") or 50_000),
            int(os.environ.get("KILLS") or 2),
            Path(folder),
        )
    show(console, figures)
    return 0


def show(console: Console, figures: dict[str, Any]) -> None:
    """Print figures as a table."""
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, figure in figures.items():
        table.add_row(name, f"{figure:,}")
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
