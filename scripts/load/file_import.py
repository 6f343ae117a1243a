"""Sends the conversations of a test as one file, which a job of the service imports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from rich.console import Console

from scripts.imports.api import ImportFailed, Json, connected
from scripts.imports.command import Importer
from scripts.imports.record import Record
from scripts.load.conversations import Conversation
from scripts.load.errors import LoadTestError


def write(file: Path, conversations: Iterable[Conversation]) -> None:
    """Write conversations as JSON Lines."""
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(f"{json.dumps(one)}\n" for one in conversations)


@dataclass(frozen=True, slots=True)
class FileImport:
    """Imports a file, as `make import` does. ``stop`` ends it before its next request."""

    base_url: str
    headers: dict[str, str] = field(repr=False)
    stop: Event

    def __call__(self, file: Path, show: Callable[[Json], None]) -> None:
        """Import a file; ``show`` is called with the job repeatedly, until it has ended.

        Raises
        ------
        LoadTestError
            The service refuses the file, or the job did not complete.
        """
        with connected(self.base_url, self.headers, self._sleep, use_proxy=False) as api:
            record = Record(file.parent, file, self.base_url)
            importer = Importer(api, record, Console(quiet=True), {}, self._sleep, show)
            try:
                job = importer(file)
            except ImportFailed as error:
                raise LoadTestError(f"The import failed: {error}") from None
        if job["status"] != "completed":
            why = f": {job['error']['message']}" if job["error"] else ""
            raise LoadTestError(f"The import is {job['status']}{why}")

    def _sleep(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise ImportFailed("it was interrupted; its job goes on")
