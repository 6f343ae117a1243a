"""The decisions of `make deploy` before SAM runs: the key, the tree, the values, the runtime."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from scripts.deploy import grok_key
from scripts.deploy.__main__ import main
from scripts.deploy.builder import HERE, Builder
from scripts.deploy.plan import plan, require_clean_tree, require_valid, secrets
from scripts.deploy.sam import sam_environment
from scripts.environments import UnusableError, aws_session, environment
from scripts.template import read_template
from tests.template import PATH

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

TEMPLATE = read_template(PATH)
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


def test_the_secret_of_the_webhook_comes_from_the_environment_and_else_stays_as_it_is() -> None:
    assert secrets({"WEBHOOK_SECRET": "s", "WEBHOOK_URL": "u"}) == {"WebhookSecret": "s"}
    assert secrets({"WEBHOOK_SECRET": ""}) == {}


def test_an_existing_key_is_neither_asked_for_nor_replaced(ssm: SSMClient) -> None:
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
    parameters, builder = plan(
        environment("prod"), TEMPLATE, {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    )
    assert parameters["SafeRollout"] == "false"
    assert parameters["AwsEndpointUrl"] == "http://127.0.0.1:4566"
    assert parameters["EnvironmentName"] == "prod"
    assert builder.runtime == HERE


def test_on_aws_what_samconfig_says_holds() -> None:
    parameters, _ = plan(environment("prod"), TEMPLATE, {})
    assert parameters.items() >= environment("prod").parameters.items()
    assert "AwsEndpointUrl" not in parameters


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_every_environment_of_samconfig_is_valid(name: str) -> None:
    require_valid(TEMPLATE, environment(name).parameters)


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"DailyBudgetUsd": "-1"}, "DailyBudgetUsd: "),
        ({"AlarmEmail": "nobody"}, "AlarmEmail: must match "),
        ({"GrokMod": "mock"}, "sets GrokMod, which the template does not have"),
        ({"GrokMode": "real"}, "GrokMode is real, and GrokApiKeyParameter does not name"),
    ],
)
def test_wrong_values_are_refused_by_the_parameter_s_name(
    given: dict[str, str], refused: str
) -> None:
    with pytest.raises(UnusableError, match=refused):
        require_valid(TEMPLATE, given)


@pytest.mark.parametrize(
    ("shell", "region"),
    [
        ({"AWS_REGION": "eu-central-1"}, "eu-central-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-central-1"),
    ],
)
def test_either_name_of_the_region_reaches_boto3_and_sam(
    shell: dict[str, str], region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    session = aws_session(shell)
    assert session.region_name == region
    sam = sam_environment(session, Builder("python3.13", None), shell)
    assert (sam["AWS_REGION"], sam["AWS_DEFAULT_REGION"]) == (region, region)


def test_without_a_region_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    assert main(["dev"], {"PATH": ""}) == 1
    assert "No region is set" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], [""], ["production"], ["key"], ["key", "test"]])
def test_an_unknown_environment_is_refused_with_the_names_of_the_known(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, {}) == 1
    assert "must be one of dev, staging, prod" in capsys.readouterr().out
