"""Run SAM CLI for the local stack: build and deploy, each skipped if nothing has changed."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.local.errors import LocalStackError
from scripts.local.files import LocalFiles
from scripts.local.isolation import REGION
from scripts.package_build import pack
from scripts.sam_parameters import write_overrides
from scripts.sources import fingerprint

BUCKET = "grok-insights-artifacts"
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"

_PROGRAM = str(Path(sys.executable).parent / "sam")
_CAPABILITIES = [
    "--capabilities",
    "CAPABILITY_IAM",
    "CAPABILITY_NAMED_IAM",
    "CAPABILITY_AUTO_EXPAND",
]


def build_fingerprint(checkout: Path) -> str:
    """Return a text that changes with the template, any source file, or the interpreter."""
    return fingerprint(checkout, RUNTIME, sys.executable)


def is_built(files: LocalFiles, fingerprint: str) -> bool:
    """Return whether the last build was of exactly this source."""
    stamp = files.build_stamp
    return stamp.is_file() and stamp.read_text() == fingerprint and files.built_template.is_file()


def build(files: LocalFiles, environment: Mapping[str, str], fingerprint: str) -> None:
    """Run `sam build` for the current interpreter."""
    files.build_stamp.unlink(missing_ok=True)
    options = {
        "--build-dir": files.build,
        "--cache-dir": files.build_cache,
        "--config-file": no_config(files),
        "--parameter-overrides": f"PythonRuntime={RUNTIME}",
        "--region": REGION,
    }
    arguments = ["build", "--cached", "--parallel", *_words(options)]
    if not _succeeds(arguments, files, environment):
        raise LocalStackError("The functions could not be built.", files.log("build"))
    pack(files.build, sys.executable)
    files.build_stamp.write_text(fingerprint)


def deploy(
    files: LocalFiles,
    environment: Mapping[str, str],
    stack_name: str,
    parameters: Mapping[str, str],
) -> None:
    """Run `sam deploy`."""
    options = {
        "--config-file": no_config(files),
        "--parameter-overrides": write_overrides(files.parameters, parameters),
        "--region": REGION,
        "--s3-bucket": BUCKET,
        "--stack-name": stack_name,
        "--template-file": files.built_template,
    }
    flags = ["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"]
    arguments = ["deploy", *flags, *_CAPABILITIES, *_words(options)]
    if not _succeeds(arguments, files, environment):
        raise LocalStackError("The stack could not be deployed.", files.log("deploy"))


def validate(checkout: Path, environment: Mapping[str, str]) -> bool:
    """Check and lint all templates; SAM prints its findings to the terminal."""
    templates = ["template.yaml", *sorted(map(str, (checkout / "infra").glob("*.yaml")))]
    return all(_is_valid(template, checkout, environment) for template in templates)


def _is_valid(template: str, checkout: Path, environment: Mapping[str, str]) -> bool:
    command = [_PROGRAM, "validate", "--lint", "--region", REGION, "--template-file", template]
    result = subprocess.run(command, cwd=checkout, env=environment, check=False)  # noqa: S603
    return result.returncode == 0


def _succeeds(arguments: list[str], files: LocalFiles, environment: Mapping[str, str]) -> bool:
    with files.log(arguments[0]).open("wb") as log:
        result = subprocess.run(  # noqa: S603  a fixed program, no shell
            [_PROGRAM, *arguments],
            cwd=files.checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return result.returncode == 0


def _words(options: Mapping[str, object]) -> list[str]:
    return [word for name, value in options.items() for word in (name, str(value))]


def no_config(files: LocalFiles) -> Path:
    """Return a file that replaces samconfig.toml, whose settings are for a real account."""
    empty = files.folder / "no-samconfig.toml"
    empty.write_text("version = 0.1\n")
    return empty
