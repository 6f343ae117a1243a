"""The parameters of a deployment, and the checks that run before any request to AWS."""

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
"""Parameters for services that no emulator has: CodeDeploy."""

SECRETS: Final = {"WebhookSecret": "WEBHOOK_SECRET"}
"""Parameters that samconfig.toml does not have, and the variables that set them."""


def require_clean_tree(checkout: Path) -> None:
    """Refuse to deploy files that are not committed.

    Raises
    ------
    UnusableError
        There are uncommitted changes, or this is not a Git checkout.
    """
    command = ["git", "-C", str(checkout), "status", "--porcelain"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if found.returncode != 0 or found.stdout:
        raise UnusableError("prod is deployed from a clean checkout only: commit or stash first.")


def plan(
    wanted: Environment, template: Template, environ: Mapping[str, str]
) -> tuple[dict[str, str], Builder]:
    """Return the parameters of the stack, and the builder of its functions.

    On an emulator, functions run with the current interpreter.

    Raises
    ------
    UnusableError
        No builder here supports a runtime that the template allows.
    """
    endpoint = environ.get("AWS_ENDPOINT_URL", "")
    given = {"AwsEndpointUrl": endpoint, **ON_AN_EMULATOR} if endpoint else {}
    runtime = HERE if endpoint else wanted.parameters.get("PythonRuntime", RUNTIME)
    allowed = template.parameters["PythonRuntime"].allowed
    builder = choose_builder(runtime, allowed, environ.get("PATH", ""))
    return {**wanted.parameters, **given, "PythonRuntime": builder.runtime}, builder


def secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the secret parameters that the environment sets. The others keep their values."""
    return {name: environ[variable] for name, variable in SECRETS.items() if environ.get(variable)}


def require_valid(template: Template, parameters: Mapping[str, str]) -> None:
    """Refuse values that the functions or CloudFormation would refuse later.

    Raises
    ------
    UnusableError
        A value is wrong; the message lists every error.
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
