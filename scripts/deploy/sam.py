"""Run SAM CLI: build the functions, compile them, and deploy the stack."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import boto3

from scripts.deploy.builder import Builder
from scripts.environments import CHECKOUT, Environment, UnusableError
from scripts.package_build import pack
from scripts.sam_parameters import write_overrides

_SAM: Final = str(Path(sys.executable).parent / "sam")


def build_and_deploy(
    wanted: Environment,
    parameters: Mapping[str, str],
    builder: Builder,
    environ: Mapping[str, str],
) -> None:
    """Build and deploy an environment; `environ` is from `sam_environment`.

    Raises
    ------
    UnusableError
        SAM failed; it has printed the reason.
    """
    file = CHECKOUT / ".aws-sam" / f"parameters-{wanted.name}.yaml"
    given = ["--parameter-overrides", write_overrides(file, parameters)]
    quiet = [] if sys.stdin.isatty() else ["--no-confirm-changeset"]
    _sam("build", wanted, *builder.options, *given, environ=environ)
    _pack(builder)
    _sam("deploy", wanted, *quiet, *given, environ=environ)


def sam_environment(
    session: boto3.Session, builder: Builder, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of SAM: both names of the region, and the builder on `PATH`."""
    return {
        **environ,
        "AWS_REGION": session.region_name,
        "AWS_DEFAULT_REGION": session.region_name,
        "PATH": builder.search_path(environ.get("PATH", "")),
        "SAM_CLI_TELEMETRY": "0",
    }


def _sam(command: str, wanted: Environment, *options: str, environ: Mapping[str, str]) -> None:
    line = [_SAM, command, "--config-env", wanted.section, *options]
    done = subprocess.run(line, cwd=CHECKOUT, env=environ, check=False)  # noqa: S603 - no shell
    if done.returncode != 0:
        raise UnusableError(f"`sam {command}` failed, see above: nothing further was done.")


def _pack(builder: Builder) -> None:
    if builder.interpreter is None:
        print(
            f"{builder.runtime} is not here, so the code is not compiled: cold starts take longer."
        )
        return
    try:
        pack(CHECKOUT / ".aws-sam" / "build", str(builder.interpreter))
    except subprocess.CalledProcessError as error:
        raise UnusableError("The code cannot be compiled, see above: nothing was done.") from error
