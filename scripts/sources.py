"""A fingerprint of what is deployed: its source, and what builds and deploys it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_FOLDERS: Final = ("functions", "infra", "layers")
_FILES: Final = ("template.yaml", "scripts/package_build.py")
_CACHES: Final = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache"})


def fingerprint(checkout: Path, *more: str) -> str:
    """Return a text that changes with the template, any source file, and ``extra`` values."""
    digest = hashlib.sha256("\0".join(more).encode())
    for path in _files(checkout):
        digest.update(f"\0{path.relative_to(checkout)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(checkout: Path) -> Iterator[Path]:
    yield from (checkout / name for name in _FILES)
    for folder in _FOLDERS:
        for path in sorted((checkout / folder).rglob("*")):
            if path.is_file() and not _CACHES.intersection(path.parts):
                yield path
