"""The load test's command with a complete stack."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import CHECKOUT, Stack


def run(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    where = ("--base-url", stack.name("API_URL"), "--api-key", stack.name("API_KEY"))
    return subprocess.run(
        [sys.executable, "scripts/load_test.py", *where, *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_sends_waits_for_the_insights_and_reports(stack: Stack, tmp_path: Path) -> None:
    files = ("--json", str(tmp_path / "r.json"), "--chart", str(tmp_path / "r.html"))
    size = ("--num-conversations", "25", "--bulk", "10", "--concurrency", "2")
    done = run(stack, *size, "--retry", "--poll-seconds", "3", *files)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["conversations"]["accepted"] == 25
    assert found["insights"] == {"seen": 25, "failed": 0, "missing": 0, "not_watched": 0}
    assert found["time_to_insight_seconds"]["p50"] > 0
    assert found["cost_usd"]["mode"] == "mock"
    assert "<svg" in (tmp_path / "r.html").read_text()
    assert "Time to insight" in done.stdout


def test_an_import_is_counted_and_its_insights_are_waited_for(stack: Stack, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    done = run(stack, "--import", "--num-conversations", "40", "--json", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())
    assert found["conversations"] == {"accepted": 40, "throttled": 0, "failed": 0, "reasons": {}}
    assert found["insights"] == {"seen": 40, "failed": 0, "missing": 0, "not_watched": 0}
    assert sum(found["by_second"]["accepted"]) == 40
    assert found["throughput"]["insights_per_second"] > 0


def test_a_wrong_key_is_reported_as_a_failure(stack: Stack) -> None:
    done = run(stack, "--api-key", "wrong", "--num-conversations", "2")
    assert done.returncode == 1
    assert "failed 2 (2 by 403)" in done.stdout


def test_a_service_that_cannot_be_reached_is_reported_in_a_sentence(stack: Stack) -> None:
    done = run(stack, "--base-url", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "does not respond" in done.stderr
    assert "Traceback" not in done.stderr
