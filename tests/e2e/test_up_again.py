"""Commands on a stack that is already up: which settings it then has, and what they refuse."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from scripts.local.aws import EmulatorSession
from tests.e2e.conftest import CHECKOUT, exports, free_port, run_local, until


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return the settings of a running stack with a rate limit of 7."""
    at = {"LOCAL_DIR": str(tmp_path_factory.mktemp("again"))}
    try:
        run_local("up", at | {"EMULATOR_PORT": str(free_port()), "RATE_LIMIT_REQUESTS": "7"})
        yield at
    finally:
        run_local("down", at)


def command(*arguments: str, settings: dict[str, str]) -> subprocess.Popen[str]:
    """Start a command in its own process group, as a terminal does."""
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.local", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def failed_up(settings: dict[str, str]) -> str:
    """Return what `make up` prints when it refuses these settings."""
    process = command("up", settings=settings)
    printed, _ = process.communicate()
    assert process.returncode == 1, printed
    return printed


def insights(place: dict[str, str]) -> httpx.Response:
    stack = exports((Path(place["LOCAL_DIR"]) / "stack.env").read_text())
    headers = {"x-api-key": stack["API_KEY"]}
    return httpx.get(f"{stack['API_URL']}/api/v1/insights", headers=headers, timeout=60)


def limit(place: dict[str, str]) -> str:
    """Return how many requests a client has, as the running functions know it."""
    return str(insights(place).headers.get("RateLimit-Limit", ""))


def test_a_later_command_keeps_the_settings_and_the_place(place: dict[str, str]) -> None:
    assert "Kept from earlier commands: EMULATOR_PORT=" in run_local("up", place)
    assert limit(place) == "7"


def test_the_addresses_in_stack_env_are_those_of_the_local_api(place: dict[str, str]) -> None:
    stack = exports((Path(place["LOCAL_DIR"]) / "stack.env").read_text())
    assert httpx.get(stack["HEALTH_URL"], timeout=60).json()["status"] == "healthy"
    assert "<html" in httpx.get(stack["DASHBOARD_URL"], timeout=60).text
    assert [value for value in stack.values() if "amazon" in value] == []


def test_make_export_finds_the_local_stack_by_itself(place: dict[str, str], tmp_path: Path) -> None:
    wanted = [f"VENV={sys.prefix}", f"LOCAL_DIR={place['LOCAL_DIR']}", f"FILES={tmp_path}/x.csv"]
    shell = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    subprocess.run(["make", "export", *wanted], cwd=CHECKOUT, env=shell, check=True)
    assert (tmp_path / "x.csv").read_text().startswith("id,external_id,occurred_at,")


def test_an_interrupted_load_test_reports_and_puts_the_rate_limit_back(
    place: dict[str, str],
) -> None:
    slowly = ("--num-conversations", "100000", "--rate", "2", "--poll-seconds", "5")
    process = command("load", *slowly, settings=place)
    try:
        until(lambda: limit(place) == "1000000", 120, "a raised rate limit")
        until(lambda: insights(place).json()["items"] != [], 60, "a load test under way")
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl+C in a terminal does
        printed, _ = process.communicate(timeout=120)
    assert "RATE_LIMIT_REQUESTS is 1000000 until the load test ends" in printed
    assert "Time to insight" in printed
    assert "Put RATE_LIMIT_REQUESTS back" in printed
    assert limit(place) == "7"


def test_a_wrong_value_is_reported_in_a_sentence_and_changes_nothing(place: dict[str, str]) -> None:
    printed = failed_up(place | {"DAILY_BUDGET_USD": "-1", "RATE_LIMIT_REQUESTS": "8"})
    assert printed.splitlines()[-1].startswith("✗ The settings are not valid: DAILY_BUDGET_USD: ")
    assert "up:" not in printed
    assert limit(place) == "7"


def test_real_mode_without_a_key_is_refused(place: dict[str, str]) -> None:
    printed = failed_up(place | {"GROK_MODE": "real"})
    assert "GROK_MODE is real, and there is no key" in printed
    assert limit(place) == "7"


def test_an_empty_value_takes_a_setting_back(place: dict[str, str]) -> None:
    run_local("up", place | {"RATE_LIMIT_REQUESTS": ""})
    assert limit(place) == "60"
    assert "RATE_LIMIT_REQUESTS" not in saved(place).read_text()


def test_a_stack_without_a_health_report_is_not_called_up(place: dict[str, str]) -> None:
    stack = exports((Path(place["LOCAL_DIR"]) / "stack.env").read_text())
    functions = EmulatorSession(stack["AWS_ENDPOINT_URL"]).functions()
    functions.delete_function(FunctionName=stack["QUERY_FUNCTION_NAME"])
    printed = failed_up(place)
    assert f"✗ The stack is deployed, but {stack['HEALTH_URL']} responds with 5" in printed
    assert "The stack is up" not in printed


def test_down_forgets_the_settings(place: dict[str, str]) -> None:
    assert "EMULATOR_PORT" in saved(place).read_text()
    run_local("down", place)
    assert not saved(place).exists()


def saved(place: dict[str, str]) -> Path:
    return Path(place["LOCAL_DIR"]) / "settings.json"
