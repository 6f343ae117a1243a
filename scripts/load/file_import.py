"""Sends the conversations of a test as one file, which a job of the service imports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import httpx
from rich.console import Console

from scripts.imports.api import Api, ImportFailed, Json
from scripts.imports.command import Importer
from scripts.imports.record import Record
from scripts.load.conversations import Conversation
from scripts.load.errors import LoadTestError

UPLOAD_SECONDS = 300.0


def write(file: Path, conversations: Iterable[Conversation]) -> None:
    """Write conversations as JSON Lines."""
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(f"{json.dumps(one)}\n" for one in conversations)


@dataclass(frozen=True, slots=True)
class FileImport:
    """Imports a file, as `make import` does. ``stop`` ends it before its next request."""

    base_url: str
    headers: dict[str, str] = field(repr=False)
    timeout_seconds: float
    stop: Event

    def __call__(self, file: Path, show: Callable[[Json], None]) -> None:
        """Import a file; ``show`` is called with the job repeatedly, until it has ended.

        Raises
        ------
        LoadTestError
            The service refuses the file, or the job did not complete.
        """
        with self._api() as api:
            record = Record(file.parent, file, self.base_url)
            importer = Importer(api, record, Console(quiet=True), {}, self._sleep, show)
            try:
                job = importer(file)
            except ImportFailed as error:
                raise LoadTestError(f"The import failed: {error}") from None
        if job["status"] != "completed":
            why = f": {job['error']['message']}" if job["error"] else ""
            raise LoadTestError(f"The import is {job['status']}{why}")

    @contextmanager
    def _api(self) -> Iterator[Api]:
        with (
            httpx.Client(
                base_url=self.base_url,
                headers=self.headers,
                timeout=self.timeout_seconds,
                trust_env=False,
            ) as client,
            httpx.Client(timeout=UPLOAD_SECONDS, trust_env=False) as storage,
        ):
            yield Api(client, storage, self._sleep)

    def _sleep(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise ImportFailed("it was interrupted; its job goes on")
