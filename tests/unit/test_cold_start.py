"""A cold start loads only packages that the function needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import environment

CHECKOUT = Path(__file__).parent.parent.parent
HEAVY = ("httpx", "prometheus_client", "vaderSentiment")


def seen_after_importing(function: str, seen: str) -> str:
    program = f"import sys, gc, app; print({seen})"
    folders = (CHECKOUT / "layers/shared", CHECKOUT / "functions" / function)
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment(), "PYTHONPATH": os.pathsep.join(map(str, folders))},
        check=True,
        capture_output=True,
        text=True,
    )
    return ended.stdout.strip()


@pytest.mark.parametrize("function", ["ingest", "query", "analysis"])
def test_a_cold_start_loads_no_heavy_package(function: str) -> None:
    assert seen_after_importing(function, f"sorted(set({HEAVY}) & set(sys.modules))") == "[]"


@pytest.mark.parametrize("function", ["ingest", "query"])
def test_clients_come_from_botocore_alone(function: str) -> None:
    assert seen_after_importing(function, "'boto3' in sys.modules") == "False"


@pytest.mark.parametrize("function", ["ingest", "query", "analysis"])
def test_garbage_is_collected_again_once_a_function_is_ready(function: str) -> None:
    assert seen_after_importing(function, "gc.isenabled() and gc.get_freeze_count() > 0") == "True"
