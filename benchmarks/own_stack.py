"""A local stack for one measurement, whose addresses are set in the environment."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.lambda_env import CHECKOUT

TABLE: Final = "_TABLE_NAME"


@contextmanager
def own_stack(name: str, port: str) -> Iterator[None]:
    """Start a stack, set the variables that name its tables, and stop it at the end."""
    with tempfile.TemporaryDirectory() as folder:
        place = {"LOCAL_DIR": folder, "EMULATOR_PORT": port, "STACK_NAME": name}
        try:
            _local("up", place)
            stack = (Path(folder) / "stack.env").read_text("utf-8")
            words = (word.partition("=") for word in shlex.split(stack) if "=" in word)
            os.environ.update({name: value for name, _, value in words})
            tables = {name: value for name, value in os.environ.items() if name.endswith(TABLE)}
            os.environ.update({name.removesuffix("_NAME"): at for name, at in tables.items()})
            yield
        finally:
            _local("down", place)


def _local(command: str, place: dict[str, str]) -> None:
    subprocess.run(  # noqa: S603 - a fixed program
        [sys.executable, "-m", "scripts.local", command],
        cwd=CHECKOUT,
        env=os.environ | place,
        check=True,
        stdout=sys.stderr,
    )
