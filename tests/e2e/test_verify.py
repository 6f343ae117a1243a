"""`make verify`: it passes on the stack of `make up`, and fails if nothing is analysed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.local.aws import EmulatorSession
from tests.e2e.conftest import CHECKOUT, SETTINGS, Stack, bring_up, free_port, until


def verify(variables: Mapping[str, str], **more: str) -> subprocess.CompletedProcess[str]:
    """Run the acceptance suite on the stack that the variables name."""
    return subprocess.run(
        [sys.executable, "-m", "tests.e2e.acceptance"],
        cwd=CHECKOUT,
        env={**os.environ, **variables, **more},
        capture_output=True,
        text=True,
        check=False,
    )


def left_behind(stack: Stack) -> list[str]:
    """Return the conversations of the suite that are still stored."""
    names = [
        one.get("external_id", {}).get("S", "") for one in stack.items("CONVERSATIONS_TABLE_NAME")
    ]
    return [name for name in names if name.startswith("acceptance-")]


def test_the_acceptance_suite_is_green_and_leaves_nothing_behind(stack: Stack) -> None:
    done = verify(stack.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ every conversation gets its insight" in done.stdout
    assert "✓ the counters equal a recount" in done.stdout
    assert "✓ a file is imported and its bad line is listed" in done.stdout
    assert "✓ a reanalysis replaces insights and keeps their versions" in done.stdout
    assert "✓ the queue feeds the analysis as configured" in done.stdout
    assert "not checked: a queue accepts TLS only: AnalysisQueue, because" in done.stdout
    assert left_behind(stack) == []


def test_the_acceptance_suite_is_red_where_nothing_is_analysed(tmp_path: Path) -> None:
    with bring_up(tmp_path, SETTINGS) as environment:
        stack = Stack(environment, EmulatorSession(environment["AWS_ENDPOINT_URL"]))
        break_analysis(stack)
        done = verify(environment, TIMEOUT="5")
        assert left_behind(stack) == []
    assert done.returncode == 1, done.stdout + done.stderr
    assert "✗ every conversation gets its insight" in done.stdout
    assert "4 of 4 conversations have no insight after 5 s" in done.stdout
    assert "✓ a conversation is accepted" in done.stdout
    assert " 1 failed," in done.stdout


def break_analysis(stack: Stack) -> None:
    """Point the alias to a version of the analysis whose module does not exist."""
    functions, name = stack.session.functions(), stack.name("ANALYSIS_FUNCTION_NAME")
    functions.update_function_configuration(FunctionName=name, Handler="missing.handler")
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)


def test_an_interrupted_run_leaves_nothing_behind(stack: Stack) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.acceptance"],
        cwd=CHECKOUT,
        env={**os.environ, **stack.environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    until(lambda: left_behind(stack) != [], 60, "a conversation of the suite")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=120)
    assert (process.returncode, "it was interrupted" in output) == (1, True), output
    assert left_behind(stack) == []


def test_a_stack_that_cannot_be_reached_is_named_in_a_sentence() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = verify({"API_URL": url, "API_KEY": "a-key"})
    assert done.returncode == 1
    assert done.stdout.startswith("✗ The stack cannot be checked: ")
    assert "Traceback" not in done.stdout + done.stderr


def test_without_a_stack_the_suite_says_how_to_name_one() -> None:
    done = verify({"ENV": "", "API_URL": ""})
    assert (done.returncode, "make up" in done.stdout) == (1, True)
