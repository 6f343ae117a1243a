"""What `sam build` leaves to do: a layer without what no function loads, and compiled code.

A function's disk cannot be written to, so code that is deployed as source is compiled anew at every
cold start, which takes longer than all else in it (docs/performance.md).
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

NOT_LOADED: Final = ("charset_normalizer", "requests", "urllib3")
"""vaderSentiment asks for them, for its demonstration alone. Lambda has a urllib3 of its own."""

WITH_SOURCE: Final = frozenset({"grok_insights", "vaderSentiment"})
"""Ours, so that a traceback shows the line; and one that looks for its data beside its source."""


def pack(build: Path, interpreter: str) -> None:
    """Make what was built smaller and faster to start.

    Packages of others lose their source: both forms together would be half as large again.

    Parameters
    ----------
    build : Path
        What `sam build` made.
    interpreter : str
        A Python of the runtime's version: what one compiles, no other version loads.

    Raises
    ------
    subprocess.CalledProcessError
        A file cannot be compiled.
    """
    for layer in build.glob("*Layer*/python"):
        for package in _packages(layer):
            if package.name in NOT_LOADED:
                _remove(package)
            elif package.name not in WITH_SOURCE:
                _compile(package, interpreter, "-b")
                _drop_sources(package)
    _compile(build, interpreter)


def _packages(layer: Path) -> Iterator[Path]:
    """What can be imported: folders and single modules."""
    for path in sorted(layer.iterdir()):
        if path.suffix == ".py" or (path.is_dir() and path.suffix != ".dist-info"):
            yield path


def _remove(package: Path) -> None:
    shutil.rmtree(package)
    for about in package.parent.glob(f"{package.name}-*.dist-info"):
        shutil.rmtree(about)


def _compile(path: Path, interpreter: str, *options: str) -> None:
    """Compile what is under a path; times are not looked at, since a deployment changes them."""
    command = [
        interpreter,
        "-m",
        "compileall",
        "-q",
        "-j0",
        "--invalidation-mode",
        "unchecked-hash",
    ]
    subprocess.run([*command, *options, str(path)], check=True)  # noqa: S603 - no shell


def _drop_sources(package: Path) -> None:
    for source in [package] if package.is_file() else list(package.rglob("*.py")):
        source.unlink()
