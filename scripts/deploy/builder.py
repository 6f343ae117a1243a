"""Choose what builds the functions: an interpreter of their runtime, or a container of AWS."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.docker import has_docker
from scripts.environments import UnusableError

HERE: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"
RUN_SECONDS: Final = 30.0
_ASK: Final = "import sys, pip; print('python%d.%d' % sys.version_info[:2]); print(sys.executable)"


@dataclass(frozen=True, slots=True)
class Builder:
    """The runtime of the functions, and the interpreter that builds them.

    Without an interpreter they are built in a container.
    """

    runtime: str
    interpreter: Path | None

    @property
    def options(self) -> list[str]:
        """Return the options for `sam build`."""
        return [] if self.interpreter else ["--use-container"]

    def search_path(self, path: str) -> str:
        """Return a `PATH` on which SAM finds the interpreter first."""
        return f"{self.interpreter.parent}{os.pathsep}{path}" if self.interpreter else path


def choose_builder(
    wanted: str,
    allowed: Sequence[str],
    path: str,
    docker: Callable[[], bool] = has_docker,
    here: str = HERE,
) -> Builder:
    """Return an interpreter of the wanted runtime, else Docker, else the current interpreter.

    Parameters
    ----------
    wanted : str
        The runtime that is preferred, such as ``python3.13``.
    allowed : Sequence[str]
        The runtimes that the template allows.
    path : str
        Where to look for interpreters: ``PATH``.
    docker : Callable[[], bool]
        Whether Docker can be used.
    here : str
        The runtime of the current interpreter.

    Raises
    ------
    UnusableError
        There is neither, and the template does not allow the current interpreter's runtime.
    """
    interpreter = find_interpreter(wanted, path)
    if interpreter:
        return Builder(wanted, interpreter)
    if docker():
        return Builder(wanted, None)
    if here in allowed:
        print(f"Neither {wanted} with pip nor Docker is here: the functions will run on {here}.")
        return Builder(here, Path(sys.executable))
    raise UnusableError(
        f"The functions cannot be built: neither {wanted} with pip nor Docker is here, and this"
        f" {here} is none of {', '.join(allowed)}. Install one of these, or start Docker."
    )


def find_interpreter(runtime: str, path: str) -> Path | None:
    """Return an interpreter of a runtime that works and has pip, or None.

    Each candidate is run, because a name on ``PATH`` may be a shim that fails, or a Python without
    pip.
    """
    for candidate in _candidates(runtime, path):
        try:
            done = subprocess.run(  # noqa: S603 - runs what is on the user's own PATH
                [candidate, "-c", _ASK],
                capture_output=True,
                text=True,
                check=False,
                timeout=RUN_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        lines = done.stdout.splitlines()
        if done.returncode == 0 and lines[:1] == [runtime]:
            return Path(lines[1])
    return None


def _candidates(runtime: str, path: str) -> Iterator[str]:
    yield sys.executable
    for folder in filter(None, path.split(os.pathsep)):
        candidate = Path(folder) / runtime
        if os.access(candidate, os.X_OK) and candidate.is_file():
            yield str(candidate)
