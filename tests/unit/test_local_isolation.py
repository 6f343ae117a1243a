"""No setting in the user's shell leads to a real AWS account."""

from pathlib import Path

import pytest

from scripts.local.errors import LocalStackError
from scripts.local.isolation import emulator_environment, require_local, tool_environment

ENDPOINT = "http://127.0.0.1:4566"
PROGRAMS = Path("/environment/bin")
SHELL = {
    "AWS_PROFILE": "production",
    "AWS_DEFAULT_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/admin",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
    "AWS_CONFIG_FILE": "/home/user/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/home/user/.aws/credentials",
    "AWS_REGION": "eu-central-1",
    "AWS_ENDPOINT_URL_S3": "https://s3.example.com",
    "SAM_CLI_CONTAINER_CONNECTION_TIMEOUT": "1",
    "GROK_API_KEY": "xai-secret",
    "PYTHONPATH": "/somewhere",
    "PIP_INDEX_URL": "https://registry.example.com/simple",
    "HTTPS_PROXY": "http://proxy.example.com:3128",
    "NO_PROXY": "intranet.example.com",
    "HOME": "/home/user",
    "PATH": "/usr/bin",
    "EDITOR": "vi",
}


def tools(folder: Path) -> dict[str, str]:
    return tool_environment(SHELL, ENDPOINT, folder, PROGRAMS)


def emulator() -> dict[str, str]:
    return emulator_environment(SHELL, ENDPOINT, PROGRAMS)


def test_tools_see_no_aws_setting_of_the_user(tmp_path: Path) -> None:
    kept = {k: v for k, v in tools(tmp_path).items() if k.startswith("AWS_")}

    assert kept == {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": ENDPOINT,
    }


def test_the_emulator_and_so_the_functions_see_the_same(tmp_path: Path) -> None:
    def aws(environment: dict[str, str]) -> dict[str, str]:
        return {k: v for k, v in environment.items() if k.startswith("AWS_")}

    assert aws(emulator()) == aws(tools(tmp_path))


def test_grok_s_key_reaches_neither(tmp_path: Path) -> None:
    assert "xai-secret" not in tools(tmp_path).values()
    assert "xai-secret" not in emulator().values()


def test_the_registry_settings_stay_for_the_build(tmp_path: Path) -> None:
    assert tools(tmp_path)["PIP_INDEX_URL"] == "https://registry.example.com/simple"


def test_the_emulator_inherits_only_what_is_named() -> None:
    assert not {"EDITOR", "PIP_INDEX_URL", "PYTHONPATH"} & set(emulator())
    assert emulator()["HTTPS_PROXY"] == "http://proxy.example.com:3128"


def test_requests_to_the_loopback_never_use_a_proxy(tmp_path: Path) -> None:
    for environment in (tools(tmp_path), emulator()):
        assert environment["NO_PROXY"] == environment["no_proxy"]
        assert environment["NO_PROXY"].startswith("intranet.example.com,localhost,127.0.0.1")


def test_sam_sends_no_telemetry_and_does_not_check_for_updates(tmp_path: Path) -> None:
    environment = tools(tmp_path)

    assert environment["SAM_CLI_TELEMETRY"] == "0"
    assert environment["__SAM_CLI_APP_DIR"] == str(tmp_path / "sam")
    assert '"lastVersionCheck": 4102444800.0' in (tmp_path / "sam" / "metadata.json").read_text()


@pytest.mark.parametrize("host", ["127.0.0.1", "172.17.0.1"])
def test_an_endpoint_on_this_machine_passes_the_guard(host: str) -> None:
    require_local(f"http://{host}:4566", host)


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("https://cloudformation.us-east-1.amazonaws.com", "127.0.0.1"),
        ("http://10.0.0.7:4566", "127.0.0.1"),
        ("http://8.8.8.8:4566", "8.8.8.8"),
        ("", "127.0.0.1"),
    ],
)
def test_any_other_endpoint_is_refused(endpoint: str, host: str) -> None:
    with pytest.raises(LocalStackError, match="Refusing to deploy"):
        require_local(endpoint, host)
