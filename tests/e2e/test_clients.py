"""Clients that are generated from the API description type-check, and run against the stack."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from scripts.clients import generate_python, generate_typescript
from tests.e2e.conftest import CHECKOUT, Stack

EXAMPLES = Path(__file__).parent / "clients"
PRINTED = [
    "insight completed negative",
    "bulk 1 0",
    "list true",
    "trends true",
    "conversation true",
    "deleted 404",
]
"""What each example prints, in small letters."""


def run(
    command: list[str], folder: Path, environment: Mapping[str, str] | None = None
) -> list[str]:
    """Run a command that must succeed, and return the lines that it prints, in small letters."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.lower().splitlines()


def address(stack: Stack) -> dict[str, str]:
    return {"API_URL": stack.name("API_URL"), "API_KEY": stack.name("API_KEY")}


def test_the_python_client_type_checks_and_runs(stack: Stack, tmp_path: Path) -> None:
    generate_python(tmp_path)
    shutil.copy(EXAMPLES / "example.py", tmp_path)
    configuration = CHECKOUT / "tests" / "e2e" / "clients" / "mypy.ini"
    check = [sys.executable, "-m", "mypy", "--config-file", str(configuration), "example.py"]
    run(check, tmp_path)
    assert run([sys.executable, "example.py"], tmp_path, address(stack)) == PRINTED


@pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed")
def test_the_typescript_client_type_checks_and_runs(stack: Stack, tmp_path: Path) -> None:
    for file in EXAMPLES.iterdir():
        shutil.copy(file, tmp_path)
    run(["npm", "ci", "--no-audit", "--no-fund"], tmp_path)
    generate_typescript(tmp_path, "npx --no-install openapi-typescript")
    run(["npx", "--no-install", "tsc", "--project", "."], tmp_path)
    assert run(["node", "example.js"], tmp_path, address(stack)) == PRINTED
