"""What `make deploy` decides before SAM runs: the key, the tree, the runtime."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from scripts.deploy import grok_key
from scripts.deploy.__main__ import main, plan, require_clean_tree
from scripts.environments import UnusableError, environment

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

NAME = "/grok-insights/staging/grok-api-key"


@pytest.fixture
def ssm() -> Iterator[SSMClient]:
    with mock_aws():
        yield boto3.client("ssm")


def stored(ssm: SSMClient) -> tuple[str, str]:
    found = ssm.get_parameter(Name=NAME, WithDecryption=True)["Parameter"]
    return found["Type"], found["Value"]


def test_the_first_time_the_key_is_asked_for_and_stored_encrypted(ssm: SSMClient) -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return " xai-secret\n"

    assert grok_key.ensure(ssm, environment("staging"), {}, ask)
    assert stored(ssm) == ("SecureString", "xai-secret")
    assert NAME in asked[0]


def test_a_key_that_is_there_is_neither_asked_for_nor_replaced(ssm: SSMClient) -> None:
    grok_key.put(ssm, NAME, "xai-first", overwrite=False)
    wanted = environment("staging")
    assert not grok_key.ensure(ssm, wanted, {"GROK_API_KEY": "xai-other"}, None)
    assert stored(ssm)[1] == "xai-first"


def test_without_a_terminal_the_key_comes_from_the_environment(ssm: SSMClient) -> None:
    assert grok_key.ensure(ssm, environment("staging"), {"GROK_API_KEY": "xai-env"}, None)
    assert stored(ssm)[1] == "xai-env"


def test_without_either_it_says_what_to_do(ssm: SSMClient) -> None:
    with pytest.raises(UnusableError, match="GROK_API_KEY"):
        grok_key.ensure(ssm, environment("prod"), {}, None)


def test_the_mock_needs_no_key(ssm: SSMClient) -> None:
    assert not grok_key.ensure(ssm, environment("dev"), {}, None)


def test_rotating_replaces_the_key(ssm: SSMClient) -> None:
    grok_key.put(ssm, NAME, "xai-old", overwrite=False)
    assert grok_key.rotate(ssm, environment("staging"), {}, lambda _: "xai-new") == NAME
    assert stored(ssm)[1] == "xai-new"


def test_prod_refuses_a_dirty_tree_and_takes_a_clean_one(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match="clean"):
        require_clean_tree(tmp_path)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    require_clean_tree(tmp_path)
    (tmp_path / "new.txt").touch()
    with pytest.raises(UnusableError, match="clean"):
        require_clean_tree(tmp_path)


def test_on_an_emulator_there_is_no_canary_and_the_functions_find_it() -> None:
    parameters, _ = plan(environment("prod"), {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"})
    assert parameters["SafeRollout"] == "false"
    assert parameters["AwsEndpointUrl"] == "http://127.0.0.1:4566"
    assert parameters["EnvironmentName"] == "prod"


def test_on_aws_what_samconfig_says_holds() -> None:
    parameters, _ = plan(environment("prod"), {})
    assert parameters.items() >= environment("prod").parameters.items()
    assert "AwsEndpointUrl" not in parameters


@pytest.mark.parametrize("arguments", [[], [""], ["production"], ["key"], ["key", "test"]])
def test_an_unknown_environment_is_refused_with_the_names_of_the_known(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, {}) == 1
    assert "must be one of dev, staging, prod" in capsys.readouterr().out
