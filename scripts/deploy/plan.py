"""What an environment is deployed with, and what refuses it before AWS is asked."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from scripts import settings_check
from scripts.deploy.builder import HERE, Builder, choose_builder
from scripts.environments import Environment, UnusableError
from scripts.template import Template

RUNTIME: Final = "python3.13"
ON_AN_EMULATOR: Final = {"SafeRollout": "false"}
"""What no emulator has: CodeDeploy."""


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


def plan(
    wanted: Environment, template: Template, environ: Mapping[str, str]
) -> tuple[dict[str, str], Builder]:
    """Return the parameters of the stack, and what builds its functions.

    On an emulator, functions run by the interpreter at hand.

    Raises
    ------
    UnusableError
        Nothing here can build for a runtime that the template takes.
    """
    endpoint = environ.get("AWS_ENDPOINT_URL", "")
    given = {"AwsEndpointUrl": endpoint, **ON_AN_EMULATOR} if endpoint else {}
    runtime = HERE if endpoint else wanted.parameters.get("PythonRuntime", RUNTIME)
    allowed = template.parameters["PythonRuntime"].allowed
    builder = choose_builder(runtime, allowed, environ.get("PATH", ""))
    return {**wanted.parameters, **given, "PythonRuntime": builder.runtime}, builder


def require_valid(template: Template, parameters: Mapping[str, str]) -> None:
    """Refuse values that the functions, or CloudFormation, would refuse later.

    Raises
    ------
    UnusableError
        A value is wrong; every fault is in the message.
    """
    unknown = sorted(set(parameters) - set(template.parameters))
    if unknown:
        raise UnusableError(
            f"samconfig.toml sets {', '.join(unknown)}, which the template does not have."
        )
    if found := settings_check.faults(template, parameters, {}):
        raise UnusableError(found)
    if settings_check.lacks_grok_api_key(template, parameters):
        raise UnusableError(
            "GrokMode is real, and GrokApiKeyParameter does not name the key's SSM parameter:"
            " add it to samconfig.toml."
        )
