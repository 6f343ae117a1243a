"""Start and stop a local stack; both can be called repeatedly.

Tests start their own stack in addition to the developer's, in another folder on another port.

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

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from scripts.health_check import NoHealthError, ask_health, why_unhealthy
from scripts.local import emulator, outputs, parameters, sam, saved_settings
from scripts.local.aws import EmulatorSession
from scripts.local.emulator_gaps import (
    make_concurrency_numeric,
    make_default,
    put_gateway_responses,
    put_webhook,
    unescape_binary_media_types,
)
from scripts.local.errors import LocalStackError
from scripts.local.files import LocalFiles, exclusive
from scripts.local.isolation import require_local, tool_environment
from scripts.local.options import Options
from scripts.local.progress import Progress
from scripts.local.values import API_KEY_PARAMETER, checked_values
from scripts.template import Template, read_template

_HEALTH_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class LocalStack:
    """A stack that is up: its variables, as in `stack.env`, and whether this call started it."""

    environment: Mapping[str, str]
    was_started: bool
    files: LocalFiles

    @property
    def api_url(self) -> str:
        """Return the stage's address on the emulator, without a slash at its end."""
        return self.environment["API_URL"]

    @property
    def api_key(self) -> str:
        """Return the value of the header `x-api-key`."""
        return self.environment["API_KEY"]


def bring_up(options: Options, checkout: Path, progress: Progress | None = None) -> LocalStack:
    """Build, start and deploy what is missing or has changed; stop what it started if that fails.

    Raises
    ------
    LocalStackError
        A setting is wrong, which is checked before anything changes, or a step failed.
    """
    progress = progress or Progress.quiet()
    files = LocalFiles(checkout, options.local_dir)
    files.create()
    template = _template(checkout / "template.yaml")
    _tell_of_settings(options, template, progress)
    with exclusive(files.up_lock):
        values = checked_values(options, template, files)
        process, was_started = _emulator(options, files, progress)
        with stopping_on_failure(files, was_started):
            environment = _deployed(options, files, values, process, progress)
            _require_health(environment["HEALTH_URL"], files, progress)
        keep = parameters.to_keep(options.chosen, template.parameters)
        saved_settings.write(files.saved_settings, keep)
    return LocalStack(environment, was_started, files)


def take_down(options: Options, checkout: Path) -> bool:
    """Stop the emulator with everything in it, and delete its settings; False if none ran."""
    files = LocalFiles(checkout, options.local_dir)
    files.saved_settings.unlink(missing_ok=True)
    return emulator.stop(files)


@contextmanager
def stopping_on_failure(files: LocalFiles, was_started: bool) -> Iterator[None]:
    """Stop what this command started if the block fails or is interrupted."""
    try:
        yield
    except BaseException as error:
        if was_started:
            emulator.stop(files)
        if isinstance(error, BotoCoreError | ClientError):
            raise LocalStackError(f"The emulator refused a request: {error}") from error
        raise


def _template(path: Path) -> Template:
    if not path.is_file():
        raise LocalStackError(f"{path} is missing: is this a checkout of Grok Insights?")
    return read_template(path)


def _tell_of_settings(options: Options, template: Template, progress: Progress) -> None:
    for name in parameters.unknown_names(options.dotenv_names, template.parameters):
        progress.note(f".env sets {name}, which is not a setting of this project.")
    kept = parameters.to_keep(options.kept, template.parameters)
    if kept:
        progress.say(
            f"Kept from earlier commands: {saved_settings.shown(kept)}."
            " An empty value (NAME=) takes one back, RESET=1 all."
        )


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
    values: Mapping[str, str],
    process: emulator.Emulator,
    progress: Progress,
) -> dict[str, str]:
    tools = tool_environment(
        os.environ, options.endpoint_url, files.folder, Path(sys.executable).parent
    )
    source = _built(files, tools, progress)
    deployment_id = hashlib.sha256(json.dumps([source, values]).encode()).hexdigest()
    _store_key(options)
    wanted = json.dumps([options.stack_name, deployment_id, process.pid])
    if not _is_stamped(files, wanted):
        with progress.step("Deploy the stack to the emulator"):
            _deploy(options, files, tools, {**values, "DeploymentId": deployment_id})
    environment = outputs.stack_environment(options, process)
    outputs.write_shell_file(files.stack_env, environment)
    files.deployed_stamp.write_text(wanted)
    return environment


def _built(files: LocalFiles, tools: Mapping[str, str], progress: Progress) -> str:
    """Build the functions unless they are built already; return the fingerprint of the source."""
    fingerprint = sam.build_fingerprint(files.checkout)
    with exclusive(files.build_lock):
        if not sam.is_built(files, fingerprint):
            with progress.step(f"Build the functions for {sam.RUNTIME}"):
                sam.build(files, tools, fingerprint)
    return fingerprint


def _deploy(
    options: Options, files: LocalFiles, tools: Mapping[str, str], values: Mapping[str, str]
) -> None:
    require_local(options.endpoint_url, options.host)
    files.deployed_stamp.unlink(missing_ok=True)
    session = EmulatorSession(options.endpoint_url)
    session.s3().create_bucket(Bucket=sam.BUCKET)
    make_default(files.built_template, "DeploymentId", values["DeploymentId"])
    sam.deploy(files, tools, options.stack_name, values)
    put_gateway_responses(session.cloudformation(), session.apigateway(), options.stack_name)
    unescape_binary_media_types(session.apigateway())
    make_concurrency_numeric(session.functions())
    put_webhook(
        session.client("events"), options.stack_name, values["WebhookUrl"], values["WebhookSecret"]
    )


def _store_key(options: Options) -> None:
    if options.grok_api_key:
        EmulatorSession(options.endpoint_url).ssm().put_parameter(
            Name=API_KEY_PARAMETER,
            Value=options.grok_api_key,
            Type="SecureString",
            Overwrite=True,
        )


def _require_health(url: str, files: LocalFiles, progress: Progress) -> None:
    try:
        with httpx.Client(trust_env=False) as client:
            report = ask_health(client, url, _HEALTH_SECONDS)
    except NoHealthError as error:
        raise LocalStackError(str(error), files.log("emulator")) from None
    if why := why_unhealthy(report):
        progress.note(f"The stack is up, but /health says: {why}")


def _is_stamped(files: LocalFiles, wanted: str) -> bool:
    return files.deployed_stamp.is_file() and files.deployed_stamp.read_text() == wanted
