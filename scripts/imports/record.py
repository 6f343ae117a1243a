"""Remembers which upload and which job belong to a file, so that a command can go on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


class Record:
    """The upload and the job of one file on one stack, in a file of its own."""

    def __init__(self, folder: Path, file: Path, api_url: str) -> None:
        status = file.stat()
        identity = [str(file.resolve()), status.st_size, status.st_mtime_ns, api_url]
        name = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]
        self._path = folder / f"{name}.json"

    def get(self, name: str) -> str | None:
        """Return the id of the ``upload`` or the ``job``; None if there is none."""
        return self._read().get(name)

    def set(self, name: str, identity: str) -> None:
        """Keep an id."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps({**self._read(), name: identity}))

    def forget(self) -> None:
        """Forget the ids."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> dict[str, str]:
        if not self._path.is_file():
            return {}
        found: dict[str, str] = json.loads(self._path.read_text())
        return found
