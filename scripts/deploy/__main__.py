"""`python -m scripts.deploy ENV` and `python -m scripts.deploy key ENV`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from scripts.deploy import grok_key
from scripts.environments import CHECKOUT, Environment, UnusableError, environment, outputs
from scripts.package_build import pack
from scripts.sources import fingerprint

RUNTIME = "python3.13"
HERE = f"python{sys.version_info.major}.{sys.version_info.minor}"
ON_AN_EMULATOR = {"SafeRollout": "false"}
"""What no emulator has: CodeDeploy."""

_SAM = str(Path(sys.executable).parent / "sam")


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Runs one command; any failure is a sentence and exit status 1."""
    try:
        if arguments[:1] == ["key"]:
            _rotate(environment("".join(arguments[1:])), environ)
        else:
            _deploy(environment("".join(arguments)), environ)
    except UnusableError as error:
        print(error)
        return 1
    except NoRegionError:
        print("No region is set: say AWS_REGION=eu-central-1 or the like.")
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused or was not reached: {error}")
        return 1
    return 0


def _rotate(wanted: Environment, environ: Mapping[str, str]) -> None:
    name = grok_key.rotate(boto3.client("ssm"), wanted, environ, grok_key.terminal())
    print(f"The new key is in {name}. The functions take it within minutes.")


def _deploy(wanted: Environment, environ: Mapping[str, str]) -> None:
    if wanted.name == "prod":
        require_clean_tree(CHECKOUT)
    account = boto3.client("sts").get_caller_identity()["Account"]
    print(f"{wanted.stack_name} goes to account {account}, {boto3.Session().region_name}.")
    if grok_key.ensure(boto3.client("ssm"), wanted, environ, grok_key.terminal()):
        print(f"Grok's key is in {wanted.parameters['GrokApiKeyParameter']} now.")
    parameters, container = plan(wanted, environ)
    parameters["DeploymentId"] = fingerprint(CHECKOUT, *sorted(map(str, parameters.items())))
    given = ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]
    quiet = [] if sys.stdin.isatty() else ["--no-confirm-changeset"]
    _sam("build", wanted, *container, *given, environ=environ)
    _pack(parameters["PythonRuntime"])
    _sam("deploy", wanted, *quiet, *given, environ=environ)
    _show(outputs(boto3.client("cloudformation"), wanted.stack_name), wanted)


def require_clean_tree(checkout: Path) -> None:
    """Refuse to deploy what no commit holds.

    Raises
    ------
    UnusableError
        There are changes that are not committed, or this is no checkout at all.
    """
    command = ["git", "-C", str(checkout), "status", "--porcelain"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if found.returncode != 0 or found.stdout:
        raise UnusableError("prod is deployed from a clean checkout only: commit or stash first.")


def plan(wanted: Environment, environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The parameters of the stack, and the options of its build.

    Packages are built by an interpreter of the functions' runtime, or in a container of AWS's.
    Where there is neither, the functions get the runtime of the interpreter at hand.
    """
    endpoint = environ.get("AWS_ENDPOINT_URL", "")
    if endpoint:
        emulated = {"AwsEndpointUrl": endpoint, "PythonRuntime": HERE, **ON_AN_EMULATOR}
        return {**wanted.parameters, **emulated}, []
    runtime = wanted.parameters.get("PythonRuntime", RUNTIME)
    if shutil.which(runtime):
        return {**wanted.parameters, "PythonRuntime": runtime}, []
    if shutil.which("docker"):
        return {**wanted.parameters, "PythonRuntime": runtime}, ["--use-container"]
    print(f"Neither {runtime} nor Docker is here: the functions will run on {HERE}.")
    return {**wanted.parameters, "PythonRuntime": HERE}, []


def _sam(command: str, wanted: Environment, *options: str, environ: Mapping[str, str]) -> None:
    line = [_SAM, command, "--config-env", wanted.section, *options]
    done = subprocess.run(  # noqa: S603 - a fixed program, no shell
        line, cwd=CHECKOUT, env={**environ, "SAM_CLI_TELEMETRY": "0"}, check=False
    )
    if done.returncode != 0:
        raise UnusableError(f"`sam {command}` failed, see above: nothing further was done.")


def _pack(runtime: str) -> None:
    interpreter = sys.executable if runtime == HERE else shutil.which(runtime)
    if interpreter is None:
        print(f"{runtime} is not here, so the code is not compiled: cold starts take longer.")
        return
    try:
        pack(CHECKOUT / ".aws-sam" / "build", interpreter)
    except subprocess.CalledProcessError as error:
        raise UnusableError("The code cannot be compiled, see above: nothing was done.") from error


def _show(found: Mapping[str, str], wanted: Environment) -> None:
    print(
        "",
        f"API        {found['ApiUrl']}",
        f"Health     {found['HealthUrl']}",
        f"Dashboard  {found['DashboardUrl']}",
        f"Alarms     {found['AlarmTopicArn']}",
        "",
        "The API key's value:",
        f"  aws apigateway get-api-key --include-value --query value --output text"
        f" --api-key {found['ApiKeyId']}",
        f"Check it: make verify ENV={wanted.name}",
        f"Stop and go: make pause ENV={wanted.name} REASON=…, make resume ENV={wanted.name}",
        sep="\n",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
