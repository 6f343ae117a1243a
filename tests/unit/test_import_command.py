"""`make import`: uploads in parts, goes on where it stopped, and says how the job ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from scripts.imports.__main__ import options_of, report
from scripts.imports.api import Api, ImportFailed
from scripts.imports.command import Importer
from scripts.imports.record import Record

PROGRESS = {"bytes_read": 6, "bytes_total": 6, "lines_done": 2, "lines_total": 2, "percent": 100.0}
JOB: dict[str, Any] = {
    "id": "job-1",
    "status": "completed",
    "dry_run": False,
    "waiting_for": None,
    "progress": PROGRESS,
    "counts": {"accepted": 1, "repeated": 0, "rejected": 1, "erased": 0},
    "estimate": None,
    "error": None,
}


class Service:
    """The API and the storage: parts that were sent, and the job that is returned."""

    def __init__(self, **job: Any) -> None:
        self.sent: dict[int, bytes] = {}
        self.started: list[Any] = []
        self.job = JOB | job

    def __call__(self, request: httpx.Request) -> httpx.Response:
        method, path = request.method, request.url.path
        if method == "PUT":
            self.sent[int(path.rsplit("/", 1)[1])] = request.content
            return httpx.Response(200)
        if path.startswith("/api/v1/uploads"):
            return httpx.Response(201 if method == "POST" else 200, json=self._upload())
        if method == "POST":
            self.started.append((path, json.loads(request.content or b"null")))
            self.job["status"] = "completed" if path.endswith("start") else self.job["status"]
            return httpx.Response(202, json={"id": "job-1", "status": "running"})
        return httpx.Response(200, json=self.job)

    def _upload(self) -> dict[str, Any]:
        missing = [
            {"part": n, "size": 4 if n == 1 else 2, "url": f"https://storage/{n}"}
            for n in (1, 2)
            if n not in self.sent
        ]
        upload = {"id": "upload-1", "size": 6, "part_size": 4, "parts": 2}
        return {**upload, "uploaded": len(self.sent), "missing": missing}

    def importer(self, record: Record, **options: Any) -> Importer:
        transport = httpx.MockTransport(self)
        api = Api(
            httpx.Client(base_url="https://api", transport=transport),
            httpx.Client(transport=transport),
            lambda _: None,
        )
        return Importer(api, record, Console(quiet=True), options, lambda _: None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.jsonl"
    path.write_bytes(b"abcdef")
    return path


@pytest.fixture
def record(tmp_path: Path, file: Path) -> Record:
    return Record(tmp_path / "records", file, "https://api")


def test_each_part_is_sent_and_the_job_is_started(file: Path, record: Record) -> None:
    service = Service()
    assert service.importer(record)(file)["status"] == "completed"
    assert service.sent == {1: b"abcd", 2: b"ef"}
    assert service.started == [("/api/v1/jobs", {"kind": "import", "upload_id": "upload-1"})]
    assert record.get("upload") is None


def test_parts_that_were_sent_are_not_sent_again(file: Path, record: Record) -> None:
    service = Service()
    service.sent[1] = b"before"
    record.set("upload", "upload-1")
    service.importer(record)(file)
    assert service.sent == {1: b"before", 2: b"ef"}


def test_a_cancelled_job_is_started_again(file: Path, record: Record) -> None:
    service = Service(status="cancelled")
    record.set("job", "job-1")
    service.importer(record)(file)
    assert service.started == [("/api/v1/jobs/job-1/start", None)]
    assert service.sent == {}


def test_a_changed_file_is_another_file(tmp_path: Path, file: Path, record: Record) -> None:
    record.set("job", "job-1")
    file.write_bytes(b"abcdefg")
    assert Record(tmp_path / "records", file, "https://api").get("job") is None


def test_an_empty_file_is_not_uploaded(tmp_path: Path, record: Record) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    with pytest.raises(ImportFailed, match="is empty"):
        Service().importer(record)(empty)


def test_the_mapping_is_read_from_one_variable() -> None:
    assert options_of({"MAP": "text=Body, external_id=Ticket Id", "DRY_RUN": "1"}) == {
        "mapping": {"text": "Body", "external_id": "Ticket Id"},
        "dry_run": True,
    }
    with pytest.raises(ImportFailed, match="not of the form"):
        options_of({"MAP": "Body"})


@pytest.mark.parametrize(
    ("job", "status"),
    [
        (JOB, 0),
        (JOB | {"status": "cancelled"}, 1),
        (JOB | {"status": "failed", "error": {"code": "empty_file", "message": "it is empty"}}, 1),
    ],
)
def test_only_a_completed_job_is_a_success(job: dict[str, Any], status: int) -> None:
    assert report(job, Console(quiet=True)) == status
