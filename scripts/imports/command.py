"""The steps of `make import`: upload, start, follow."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from scripts.imports.api import Api, ImportFailed, Json
from scripts.imports.record import Record

CONNECTIONS: Final = 4
POLL_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Importer:
    """Imports a file. ``options`` are those of ``POST /api/v1/jobs``.

    ``show`` is called with the job each time that it was read.
    """

    api: Api
    record: Record
    console: Console
    options: Json
    sleep: Callable[[float], None]
    show: Callable[[Json], None] = lambda _: None

    def __call__(self, file: Path) -> Json:
        """Upload a file unless that is done, start or follow its job, and return the ended job.

        Raises
        ------
        ImportFailed
            The API refuses the file or the job.
        """
        job = self._earlier_job()
        if job is None:
            upload = self._uploaded(file)
            job = self.api.post(
                "/api/v1/jobs", {"kind": "import", "upload_id": upload} | self.options
            )
            if not self.options.get("dry_run"):
                self.record.set("job", job["id"])
        ended = self._followed(job["id"])
        if ended["status"] == "completed" and not ended["dry_run"]:
            self.record.forget()
        return ended

    def _earlier_job(self) -> Json | None:
        """Return the job of an earlier command on this file, started again if it ended."""
        identity = self.record.get("job")
        job = self.api.find(f"/api/v1/jobs/{identity}") if identity else None
        if job is None or self.options.get("dry_run") or job["status"] == "completed":
            return None
        is_wrong_file = job["error"] and job["error"]["code"] != "parts_failed"
        if job["status"] == "failed" and is_wrong_file and job["progress"]["lines_total"] is None:
            return None
        if job["error"] and job["error"]["code"] == "imported_before":
            return None
        if job["status"] in {"failed", "cancelled"}:
            self.console.print(f"Job {job['id']} is {job['status']}, and is started again.")
            return self.api.post(f"/api/v1/jobs/{identity}/start")
        return job

    def _uploaded(self, file: Path) -> str:
        identity = self.record.get("upload")
        upload = self.api.find(f"/api/v1/uploads/{identity}") if identity else None
        if upload is None:
            size = file.stat().st_size
            if not size:
                raise ImportFailed(f"{file.name} is empty")
            upload = self.api.post("/api/v1/uploads", {"name": file.name, "size": size})
            self.record.set("upload", upload["id"])
        with self._bar(DownloadColumn()) as progress:
            task = progress.add_task("Upload", total=upload["size"])
            while upload["missing"]:
                progress.update(task, completed=upload["uploaded"] * upload["part_size"])
                self._send(file, upload, progress, task)
                upload = self.api.get(f"/api/v1/uploads/{upload['id']}")
            progress.update(task, completed=upload["size"])
        return str(upload["id"])

    def _send(self, file: Path, upload: Json, progress: Progress, task: TaskID) -> None:
        """Send the parts whose addresses are known. Those that are too late are asked for again."""

        def send(part: Json) -> None:
            with file.open("rb") as content:
                content.seek((part["part"] - 1) * upload["part_size"])
                if self.api.put(part["url"], content.read(part["size"])):
                    progress.advance(task, part["size"])

        with ThreadPoolExecutor(CONNECTIONS) as threads:
            list(threads.map(send, upload["missing"]))

    def _followed(self, identity: str) -> Json:
        with self._bar(MofNCompleteColumn()) as progress:
            task = progress.add_task("Read", total=None)
            while True:
                job = self.api.get(f"/api/v1/jobs/{identity}")
                progress.update(task, **_shown(job))
                self.show(job)
                if job["status"] != "running":
                    return job
                self.sleep(POLL_SECONDS)

    def _bar(self, amount: ProgressColumn) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
        return Progress(*columns, console=self.console)


def _shown(job: Json) -> Json:
    progress = job["progress"]
    if progress["lines_total"] is None or job["dry_run"]:
        read = {"completed": progress["bytes_read"], "total": progress["bytes_total"]}
        return {"description": "Read (bytes)", **read}
    waits = f", waits for: {job['waiting_for']}" if job["waiting_for"] else ""
    done = {"completed": progress["lines_done"], "total": progress["lines_total"]}
    return {"description": f"Import (lines){waits}", **done}
