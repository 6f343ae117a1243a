"""Size of the deployed code, after `sam build` and packing. boto3 belongs to the runtime."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from benchmarks.figure import Figure
from benchmarks.lambda_env import CHECKOUT
from scripts.local import sam
from scripts.local.files import LocalFiles, exclusive
from scripts.local.isolation import tool_environment

TITLE = "Deployment package"
MEGABYTE = 1_000_000
LIMITS = {"SharedLayer, unzipped": 18.0}


def figures() -> Iterator[Figure]:
    """Return the size of the layer and of every function, unzipped and zipped."""
    for folder in sorted(path for path in built().iterdir() if path.is_dir()):
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        unzipped = sum(path.stat().st_size for path in files)
        zipped = zipped_bytes(folder, files)
        yield _row(f"{folder.name}, unzipped", unzipped, f"files: {len(files)}")
        yield _row(f"{folder.name}, zipped", zipped)


def _row(name: str, size: int, note: str = "") -> Figure:
    if size < MEGABYTE:
        return Figure(name, size / 1_000, "kB", note=note)
    return Figure(name, size / MEGABYTE, "MB", LIMITS.get(name), note)


def built() -> Path:
    """Return the folder of a build of the current source."""
    files = LocalFiles(CHECKOUT, CHECKOUT / ".local")
    files.create()
    fingerprint = sam.build_fingerprint(CHECKOUT)
    tools = tool_environment(
        os.environ, "http://127.0.0.1:1", files.folder, Path(sys.executable).parent
    )
    with exclusive(files.build_lock):
        if not sam.is_built(files, fingerprint):
            sam.build(files, tools, fingerprint)
    return files.build


def zipped_bytes(folder: Path, files: Iterable[Path]) -> int:
    """Return the size in bytes of these files in one archive."""
    archive = io.BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED) as zipped:
        for path in files:
            zipped.write(path, path.relative_to(folder))
    return archive.getbuffer().nbytes
