"""The stand-in for xAI in its own process, so that it uses no CPU of the measured process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.emulator import free_port
from tests.standin import Control


@contextmanager
def standin_process(latency_seconds: float) -> Iterator[Control]:
    """Start a stand-in that takes the given time for every answer."""
    port = free_port()
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.standin", "--port", str(port)], stdout=subprocess.DEVNULL
    )
    control = Control(f"http://127.0.0.1:{port}/v1")
    try:
        _wait_for(control)
        control.plan(latency_seconds=(latency_seconds, latency_seconds), rates={})
        yield control
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(control: Control) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"{control.address}/api-key", trust_env=False).raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
