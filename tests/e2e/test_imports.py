"""An import on the emulator: the real state machine, functions, bucket and IAM policies."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tests.e2e.backlog import Backlog, run
from tests.e2e.conftest import Client, Stack, ended_job, start_import
from tests.e2e.test_pipeline import Unique

CONVERSATIONS = "/api/v1/conversations"


def test_2000_lines_are_imported_exactly_once_though_the_function_is_killed(
    stack: Stack, tmp_path: Path
) -> None:
    with closing(Backlog(dict(stack.environment))) as backlog:
        figures = run(backlog, 2_000, 1, tmp_path)
    assert figures["processes of the function, killed"] >= 1
    assert figures["rejected, as listed"] == 100


def test_a_job_can_be_cancelled_and_goes_on_when_it_is_started_again(
    stack: Stack, client: Client
) -> None:
    content = b"".join(b'{"text": "Cancelled %d"}\n' % number for number in range(1_500))
    path = start_import(client, content)
    assert client.post(f"{path}/cancel", {}).json()["status"] == "cancelled"
    assert client.post(f"{path}/start", {}).json()["status"] == "running"
    job = ended_job(client, path, 120)
    assert (job["status"], job["counts"]["accepted"], job["run"]) == ("completed", 1_500, 2)


def test_a_conversation_that_was_erased_does_not_come_back_by_the_same_file(
    client: Client, unique: Unique
) -> None:
    names = [unique("erased") for _ in range(3)]
    content = b"".join(
        b'{"text": "Erased", "external_id": "%s"}\n' % name.encode() for name in names
    )
    assert ended_job(client, start_import(client, content), 120)["counts"]["accepted"] == 3
    assert client.delete(f"{CONVERSATIONS}?external_id={names[1]}").status_code == 204
    again = ended_job(client, start_import(client, content, again=True), 120)
    assert again["counts"] == {"accepted": 2, "repeated": 2, "rejected": 0, "erased": 1}
    assert client.get(CONVERSATIONS, external_id=names[1]).status_code == 404
