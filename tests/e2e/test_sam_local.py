"""`make sam-local`, as a new user runs it: the functions in Docker, the rest on the emulator."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from scripts.docker import has_docker
from scripts.local.sam import RUNTIME
from scripts.sam_local import NO_DOCKER, containers, has_image
from tests.e2e.conftest import CHECKOUT, free_port, run_local, until


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Return the API of `sam local`, on a separate stack."""
    if not has_docker():
        pytest.skip("sam local needs Docker, whose engine does not respond here")
    if not has_image():
        pytest.skip(f"no base image here: docker pull public.ecr.aws/lambda/python for {RUNTIME}")
    folder, port = tmp_path_factory.mktemp("sam-local"), free_port()
    settings = {
        "LOCAL_DIR": str(folder),
        "EMULATOR_PORT": str(free_port()),
        "SAM_LOCAL_PORT": str(port),
    }
    with (folder / "output.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.sam_local"],
            cwd=CHECKOUT,
            env={**os.environ, **settings},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            until(lambda: _answers(client, process), 240, "sam local")
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        run_local("down", settings)
        left = containers(int(settings["EMULATOR_PORT"]))
    assert left == []


def _answers(client: httpx.Client, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "sam local ended"
    with suppress(httpx.TransportError):
        return client.get("/health").is_success
    return False


def test_a_conversation_posted_through_sam_local_gets_its_insight(api: httpx.Client) -> None:
    response = api.post(
        "/api/v1/conversations", json={"text": "My parcel is late. Refund, please!"}
    )
    assert response.status_code == 202, response.text
    identity = response.json()["id"]
    until(lambda: api.get(f"/api/v1/insights/{identity}").status_code == 200, 60, "the insight")
    assert api.get(f"/api/v1/insights/{identity}").json()["sentiment"] == "negative"
    assert api.delete(f"/api/v1/conversations/{identity}").status_code == 204


def test_without_docker_it_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.sam_local"],
        cwd=CHECKOUT,
        env={**os.environ, "PATH": str(tmp_path_factory.mktemp("nothing"))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == NO_DOCKER
    assert "Docker" in done.stdout
