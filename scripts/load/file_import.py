"""Sends the conversations of a test as one file, which a job of the service imports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING

import httpx
from rich.console import Console

from scripts.imports.api import Api, ImportFailed, Json
from scripts.imports.command import Importer
from scripts.imports.record import Record
from scripts.load.conversations import Conversation
from scripts.load.errors import LoadTestError

if TYPE_CHECKING:
    from collections.abc import Iterator

UPLOAD_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class FileImport:
    """Imports a file, as `make import` does. ``stop`` ends it before its next request."""

    base_url: str
    headers: dict[str, str] = field(repr=False)
    timeout_seconds: float
    stop: Event

    def __call__(self, conversations: Iterable[Conversation], show: Callable[[Json], None]) -> None:
        """Import conversations; ``show`` is called with the job repeatedly, until it has ended.

        Raises
        ------
        LoadTestError
            The service refuses the file, or the job did not complete.
        """
        with TemporaryDirectory(prefix="load-test-") as folder, self._api() as api:
            file = Path(folder) / "conversations.jsonl"
            with file.open("w", encoding="utf-8") as lines:
                lines.writelines(f"{json.dumps(one)}\n" for one in conversations)
            record = Record(Path(folder), file, self.base_url)
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
