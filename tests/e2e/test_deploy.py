"""`make deploy` with every environment's parameters, to a separate emulator."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from scripts.environments import environment, outputs
from scripts.local.aws import EmulatorSession
from scripts.local.isolation import emulator_environment, tool_environment
from tests.e2e.conftest import CHECKOUT, free_port, until

KEY = "xai-not-a-real-key"
NOT_COPIED = (".git", ".venv*", ".local", ".aws-sam", "*_cache", "__pycache__", "docs")
GIT = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]


@dataclass(frozen=True)
class Account:
    """A shell in a clean checkout, whose AWS account is an empty emulator."""

    checkout: Path
    shell: dict[str, str]

    def deploy(self, name: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "scripts.deploy", name],
            cwd=self.checkout,
            env={**self.shell, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Return an account without resources, and the working tree as a commit in a copy."""
    checkout = tmp_path_factory.mktemp("clean") / "checkout"
    shutil.copytree(CHECKOUT, checkout, ignore=shutil.ignore_patterns(*NOT_COPIED))
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*GIT, *command], cwd=checkout, check=True)
    programs, url = Path(sys.executable).parent, f"http://127.0.0.1:{free_port()}"
    folder = tmp_path_factory.mktemp("account")
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        cwd=folder,
        env=emulator_environment(os.environ, url, programs)
        | {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": url.rpartition(":")[2], "TMPDIR": str(folder)}
        | {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _answers(url), 30, "an emulator")
        yield Account(checkout, tool_environment(os.environ, url, folder, programs))
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/_ministack/health").is_success
    return False


def test_without_a_key_and_a_terminal_nothing_is_deployed(account: Account) -> None:
    done = account.deploy("staging")
    assert done.returncode == 1
    assert "GROK_API_KEY" in done.stdout


def test_a_wrong_value_is_refused_before_anything_is_asked_or_built(account: Account) -> None:
    config = account.checkout / "samconfig.toml"
    right = config.read_text()
    try:
        config.write_text(right.replace("DailyBudgetUsd=5", "DailyBudgetUsd=-5"))
        done = account.deploy("staging", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    finally:
        config.write_text(right)
    assert done.returncode == 1
    assert done.stdout.startswith("The settings are not valid: DailyBudgetUsd: ")


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_an_environment_is_deployed_and_its_addresses_are_shown(
    name: str, account: Account
) -> None:
    done = account.deploy(name, GROK_API_KEY=KEY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert KEY not in done.stdout + done.stderr
    session = EmulatorSession(account.shell["AWS_ENDPOINT_URL"])
    found = outputs(session.cloudformation(), environment(name).stack_name)
    assert found["ApiUrl"] in done.stdout
    assert "✓ The stack is up and healthy." in done.stdout
    assert len(_parameters(session, environment(name).stack_name)["DeploymentId"]) == 64
    assert f"--api-key {found['ApiKeyId']}" in done.stdout
    table = session.dynamodb().describe_table(TableName=found["InsightsTableName"])["Table"]
    assert table["DeletionProtectionEnabled"] is (name != "dev")


def _parameters(session: EmulatorSession, stack_name: str) -> dict[str, str]:
    [stack] = session.cloudformation().describe_stacks(StackName=stack_name)["Stacks"]
    return {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}


def test_prod_refuses_a_dirty_tree(account: Account) -> None:
    (account.checkout / "not-committed.txt").touch()
    done = account.deploy("prod", GROK_API_KEY=KEY)
    assert done.returncode == 1
    assert "clean checkout" in done.stdout
