"""`make sam-local`: run `sam local start-api` in Docker, with the tables and queue of `make up`.

The functions get the variables of the local stack. Only the emulator's address differs, because a
container reaches it over Docker's bridge. The emulator therefore listens on the bridge's address,
which only containers and this machine can reach.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from samcli.local.docker.lambda_image import LambdaImage, Runtime

from scripts.docker import has_docker
from scripts.local import sam
from scripts.local.aws import EmulatorSession
from scripts.local.errors import LocalStackError
from scripts.local.isolation import tool_environment
from scripts.local.options import load_options
from scripts.local.progress import Progress
from scripts.local.stack import LocalStack, bring_up

CHECKOUT: Final = Path(__file__).resolve().parents[1]
FUNCTIONS: Final = ("IngestFunction", "QueryFunction", "AnalysisFunction")
HOST: Final = "host.docker.internal"
NO_DOCKER: Final = 3
"""Exit status if Docker is not available, which is not a failure of the project."""


def main(environ: Mapping[str, str]) -> int:
    """Start the stack and `sam local`, and wait until they are stopped."""
    console = Console(highlight=False)
    if not has_docker():
        console.print("Docker is missing or its engine does not respond: sam local needs it.")
        return NO_DOCKER
    try:
        port, command, shell = _command(environ, console)
    except LocalStackError as error:
        console.print(f"[red]✗[/] {error}", soft_wrap=True)
        return 1
    try:
        return _run(command, shell)
    finally:
        for container in containers(port):
            _docker("rm", "-f", container)


def _run(command: list[str], shell: Mapping[str, str]) -> int:
    """Run sam until it ends. It gets a terminal's Ctrl+C itself, and a SIGTERM from here."""
    process = subprocess.Popen(command, env=shell)  # noqa: S603 - fixed program, no shell
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    return process.wait()


def containers(port: int) -> list[str]:
    """Return the containers that sam made for this stack, which have its emulator's port.

    sam may leave containers behind: it starts the functions concurrently, may record them in
    several lists, and clears only one list.
    """
    made = _docker("ps", "-aq", "--filter", "label=sam.cli.container.type=lambda").split()
    return [one for one in made if f"{HOST}:{port}" in _docker("inspect", one)]


def _docker(*words: str) -> str:
    command = ["docker", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603


def _command(environ: Mapping[str, str], console: Console) -> tuple[int, list[str], dict[str, str]]:
    """Return the emulator's port, the command to run, and its environment."""
    bind = {"EMULATOR_BIND_HOST": environ.get("EMULATOR_BIND_HOST") or bind_host()}
    options = load_options({**environ, **bind}, CHECKOUT)
    stack = bring_up(options, CHECKOUT, Progress(console))
    variables = stack.files.folder / "sam-local.json"
    variables.touch(mode=0o600)
    variables.write_text(json.dumps(function_variables(stack, options.port), indent=1))
    port = environ.get("SAM_LOCAL_PORT", "3000")
    console.print(f"[green]✓[/] The API by sam local: http://127.0.0.1:{port}, no key needed")
    shell = tool_environment(
        environ, options.endpoint_url, stack.files.folder, Path(sys.executable).parent
    )
    arguments = [
        str(Path(sys.executable).parent / "sam"),
        *("local", "start-api", "--port", port, "--warm-containers", "EAGER"),
        *("--template-file", str(stack.files.built_template), "--env-vars", str(variables)),
        *("--parameter-overrides", f"PythonRuntime={sam.RUNTIME}"),
        *("--config-file", str(sam.no_config(stack.files))),
        *("--add-host", f"{HOST}:host-gateway"),
        *([] if not has_image() else ["--skip-pull-image"]),
    ]
    return options.port, arguments, shell


def bind_host() -> str:
    """Return the address at which containers reach this machine.

    Docker Desktop forwards to loopback. On Linux it is the gateway of Docker's own network.
    """
    if sys.platform != "linux":
        return "127.0.0.1"
    asked = _docker("network", "inspect", "bridge", "-f", "{{json .IPAM.Config}}")
    for network in json.loads(asked or "null") or []:
        # An engine without a configured gateway uses the first address and does not report it.
        return str(network.get("Gateway") or ip_network(network["Subnet"])[1])
    raise LocalStackError("Docker's bridge has no address: set EMULATOR_BIND_HOST to one.")


def has_image() -> bool:
    """Return whether AWS's base image exists locally, so that no registry is needed."""
    name = LambdaImage._INVOKE_REPO_PREFIX  # noqa: SLF001 - sam has no public name for it
    image = f"{name}/{Runtime.get_image_name_tag(sam.RUNTIME, 'x86_64')}"
    found = subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False)  # noqa: S603,S607
    return found.returncode == 0


def function_variables(stack: LocalStack, port: int) -> dict[str, dict[str, Any]]:
    """Return each function's variables, with the emulator's address for a container."""
    functions = EmulatorSession(stack.environment["AWS_ENDPOINT_URL"]).functions()
    found: dict[str, dict[str, Any]] = {}
    for logical_id in FUNCTIONS:
        name = stack.environment[f"{logical_id.removesuffix('Function').upper()}_FUNCTION_NAME"]
        configuration = functions.get_function_configuration(FunctionName=name)
        deployed = configuration["Environment"]["Variables"]
        found[logical_id] = {**deployed, "AWS_ENDPOINT_URL": f"http://{HOST}:{port}"}
    return found


if __name__ == "__main__":
    sys.exit(main(os.environ))
