"""Finish a build of SAM: remove what no function loads from the layer, and compile the code.

Lambda's disk is read-only for code, so code that is deployed as source is compiled again at every
cold start. This takes longer than the rest of the start (docs/performance.md).
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

NOT_LOADED: Final = ("charset_normalizer", "requests", "urllib3")
"""vaderSentiment requires them only for its demonstration. The Lambda runtime has its own urllib3.
"""

WITH_SOURCE: Final = frozenset({"grok_insights", "vaderSentiment"})
"""Our package keeps its source, so that a traceback shows the line. The other one looks for its
data next to its source.
"""


def pack(build: Path, interpreter: str) -> None:
    """Make a build smaller and faster to start.

    Other packages lose their source: with both forms the layer would be half as large again.

    Parameters
    ----------
    build : Path
        The folder that `sam build` made.
    interpreter : str
        A Python of the runtime's version; no other version loads its compiled files.

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
    """Return what can be imported: folders and single modules."""
    for path in sorted(layer.iterdir()):
        if path.suffix == ".py" or (path.is_dir() and path.suffix != ".dist-info"):
            yield path


def _remove(package: Path) -> None:
    shutil.rmtree(package)
    for about in package.parent.glob(f"{package.name}-*.dist-info"):
        shutil.rmtree(about)


def _compile(path: Path, interpreter: str, *options: str) -> None:
    """Compile the files under a path without checking their times, which a deployment changes."""
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
