"""``make clients``: generate a Python and a TypeScript client from the API description."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from rich.console import Console

CHECKOUT: Final = Path(__file__).parent.parent
DESCRIPTION: Final = CHECKOUT / "docs" / "openapi.json"
PYTHON_PACKAGE: Final = "grok_insights_client"
TYPESCRIPT_TYPES: Final = "grok-insights.d.ts"


def generate_python(folder: Path) -> Path:
    """Write the Python package into a folder, and return the path of the package.

    Raises
    ------
    CalledProcessError
        The generator failed.
    """
    package = folder / PYTHON_PACKAGE
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--overwrite"]
    command += ["--path", str(DESCRIPTION), "--output-path", str(package), "--meta", "none"]
    _run([*command, "--fail-on-warning"], CHECKOUT)
    return package


def generate_typescript(folder: Path, tool: str = "npx --yes openapi-typescript@7") -> Path:
    """Write the types for ``openapi-fetch`` into a folder, and return the path of the file.

    Raises
    ------
    CalledProcessError
        The generator failed.
    FileNotFoundError
        Node is not installed.
    """
    types = folder / TYPESCRIPT_TYPES
    _run([*tool.split(), str(DESCRIPTION), "--output", str(types)], folder)
    return types


def _run(command: list[str], folder: Path) -> None:
    # The generator of the Python client formats its files with ruff, which is beside this Python.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(  # noqa: S603  fixed commands, no shell
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        done.check_returncode()


def main(folder: Path) -> int:
    """Generate both clients; without Node, only the Python client. Return the exit code."""
    console = Console()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        console.print(f"Python: {generate_python(folder)}", soft_wrap=True)
        console.print(f"TypeScript: {generate_typescript(folder)}", soft_wrap=True)
    except FileNotFoundError:
        console.print("TypeScript: npx was not found; install Node.js 20 or later")
        return 1
    except subprocess.CalledProcessError as error:
        console.print(f"{error.cmd[0]} ended with code {error.returncode}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(os.environ.get("OUT") or CHECKOUT / ".local" / "clients").resolve()))
