"""An import on the emulator: the real state machine, functions, bucket and IAM policies."""

from __future__ import annotations

import time
from pathlib import Path

from tests.e2e.backlog import Backlog, run
from tests.e2e.conftest import Client, Stack


def test_2000_lines_are_imported_exactly_once_though_the_function_is_killed(
    stack: Stack, tmp_path: Path
) -> None:
    figures = run(Backlog(dict(stack.environment)), 2_000, 1, tmp_path)
    assert figures["functions killed"] >= 1
    assert figures["rejected, as listed"] == 100


def test_a_job_can_be_cancelled_and_goes_on_when_it_is_started_again(
    stack: Stack, client: Client
) -> None:
    content = b"".join(b'{"text": "Cancelled %d"}\n' % number for number in range(1_500))
    begun = client.post("/api/v1/uploads", {"name": "c.jsonl", "size": len(content)}).json()
    [part] = begun["missing"]
    assert client.http.put(part["url"], content=content).status_code == 200
    started = client.post("/api/v1/jobs", {"kind": "import", "upload_id": begun["id"]}).json()
    path = f"/api/v1/jobs/{started['id']}"
    assert client.post(f"{path}/cancel", {}).json()["status"] == "cancelled"
    assert client.post(f"{path}/start", {}).json()["status"] == "running"
    deadline = time.monotonic() + 120
    while (job := client.get(path).json())["status"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert (job["status"], job["counts"]["accepted"], job["run"]) == ("completed", 1_500, 2)
