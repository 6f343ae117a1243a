"""Brings a local stack up and down; both can be called again and again.

Tests start one of their own beside the developer's: other folder, other port.

    options = read_options({"LOCAL_DIR": ..., "EMULATOR_PORT": ..., "AUTH": "true"}, checkout)
    stack = bring_up(options, checkout)
    ...
    take_down(options, checkout)
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from scripts.local import emulator, outputs, parameters, sam
from scripts.local.aws import EmulatorSession
from scripts.local.emulator_gaps import (
    make_concurrency_numeric,
    make_default,
    put_gateway_responses,
    unescape_binary_media_types,
)
from scripts.local.errors import LocalStackError
from scripts.local.files import LocalFiles, exclusive
from scripts.local.isolation import require_local, tool_environment
from scripts.local.options import Options
from scripts.local.progress import Progress

_MOST_PROCESSES = 10
_API_KEY_PARAMETER = "/grok-insights/local/grok-api-key"


@dataclass(frozen=True, slots=True)
class LocalStack:
    """A stack that is up: its variables, as in `stack.env`, and whether this call started it."""

    environment: Mapping[str, str]
    was_started: bool
    files: LocalFiles

    @property
    def api_url(self) -> str:
        """The stage's address on the emulator, without a slash at its end."""
        return self.environment["API_URL"]

    @property
    def api_key(self) -> str:
        """What to send as `x-api-key`."""
        return self.environment["API_KEY"]


def bring_up(options: Options, checkout: Path, progress: Progress | None = None) -> LocalStack:
    """Builds, starts and deploys what is missing or has changed; undoes its start if that fails."""
    progress = progress or Progress.quiet()
    files = LocalFiles(checkout, options.local_dir)
    files.create()
    declared = _declared(checkout / "template.yaml")
    for name in parameters.unknown_names(options.dotenv_names, declared):
        progress.note(f".env sets {name}, which is not a setting of this project.")
    with exclusive(files.up_lock):
        process, was_started = _emulator(options, files, progress)
        with stopping_on_failure(files, was_started):
            environment = _deployed(options, files, declared, process, progress)
    return LocalStack(environment, was_started, files)


def take_down(options: Options, checkout: Path) -> bool:
    """Stops the emulator, and with it everything in it; False where none was running."""
    files = LocalFiles(checkout, options.local_dir)
    return emulator.stop(files)


@contextmanager
def stopping_on_failure(files: LocalFiles, was_started: bool) -> Iterator[None]:
    """Leaves nothing running that this command started, also when it is interrupted."""
    try:
        yield
    except BaseException as error:
        if was_started:
            emulator.stop(files)
        if isinstance(error, BotoCoreError | ClientError):
            raise LocalStackError(f"The emulator refused a request: {error}") from error
        raise


def _declared(template: Path) -> dict[str, str]:
    if not template.is_file():
        raise LocalStackError(f"{template} is missing: is this a checkout of Grok Insights?")
    return parameters.declared_parameters(template)


def _emulator(
    options: Options, files: LocalFiles, progress: Progress
) -> tuple[emulator.Emulator, bool]:
    present = emulator.running(files)
    if present and present.suits(options):
        return present, False
    if present:
        if present.port != options.port:
            emulator.require_free_port(options)
        with progress.step("Stop the emulator, which was started with other settings"):
            emulator.stop(files)
    with progress.step(f"Start the AWS emulator on {options.endpoint_url}"):
        return emulator.start(options, files, os.environ), True


def _deployed(
    options: Options,
    files: LocalFiles,
    declared: Mapping[str, str],
    process: emulator.Emulator,
    progress: Progress,
) -> dict[str, str]:
    tools = tool_environment(
        os.environ, options.endpoint_url, files.folder, Path(sys.executable).parent
    )
    fingerprint = sam.build_fingerprint(files.checkout)
    with exclusive(files.build_lock):
        if not sam.is_built(files, fingerprint):
            with progress.step(f"Build the functions for {sam.RUNTIME}"):
                sam.build(files, tools, fingerprint)
    values = _parameter_values(options, declared)
    values["DeploymentId"] = hashlib.sha256(json.dumps([fingerprint, values]).encode()).hexdigest()
    wanted = _fingerprint(options, values, process)
    if not _is_stamped(files, wanted):
        with progress.step("Deploy the stack to the emulator"):
            _deploy(options, files, tools, values)
    environment = outputs.stack_environment(options, process)
    outputs.write_shell_file(files.stack_env, environment)
    files.deployed_stamp.write_text(wanted)
    return environment


def _deploy(
    options: Options, files: LocalFiles, tools: Mapping[str, str], values: Mapping[str, str]
) -> None:
    require_local(options.endpoint_url, options.host)
    files.deployed_stamp.unlink(missing_ok=True)
    session = EmulatorSession(options.endpoint_url)
    _prepare(options, session)
    make_default(files.built_template, "DeploymentId", values["DeploymentId"])
    sam.deploy(files, tools, options.stack_name, values)
    put_gateway_responses(session.cloudformation(), session.apigateway(), options.stack_name)
    unescape_binary_media_types(session.apigateway())
    make_concurrency_numeric(session.functions())


def _prepare(options: Options, session: EmulatorSession) -> None:
    """What must be there before the stack: a bucket for its code, and Grok's key."""
    session.s3().create_bucket(Bucket=sam.BUCKET)
    if options.grok_api_key:
        session.ssm().put_parameter(
            Name=_API_KEY_PARAMETER,
            Value=options.grok_api_key,
            Type="SecureString",
            Overwrite=True,
        )


def _parameter_values(options: Options, declared: Mapping[str, str]) -> dict[str, str]:
    """The template's defaults, what suits this machine, the user's settings, what must be so."""
    cores = min(max(os.cpu_count() or 2, 2), _MOST_PROCESSES)
    suiting = {"AnalysisConcurrency": str(cores)}
    decided = {"PythonRuntime": sam.RUNTIME, "AwsEndpointUrl": options.endpoint_url}
    if options.grok_api_key:
        decided["GrokApiKeyParameter"] = _API_KEY_PARAMETER
    chosen = parameters.from_settings(options.settings, declared)
    wanted = {**declared, **suiting, **chosen, **decided}
    return {name: value for name, value in wanted.items() if name in declared}


def _fingerprint(options: Options, values: Mapping[str, str], process: emulator.Emulator) -> str:
    key = hashlib.sha256(options.grok_api_key.encode()).hexdigest()
    parts = [options.stack_name, values["DeploymentId"], process.pid, key]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _is_stamped(files: LocalFiles, wanted: str) -> bool:
    return files.deployed_stamp.is_file() and files.deployed_stamp.read_text() == wanted
