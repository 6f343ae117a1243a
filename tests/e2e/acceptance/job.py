"""The jobs of one run: an upload, its import, and a re-analysis of what was imported."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from tests.e2e.acceptance.api import REQUEST_TIMEOUT_SECONDS, Api, shown
from tests.e2e.acceptance.sent import Sent

JOBS: Final = "/api/v1/jobs"
UPLOADS: Final = "/api/v1/uploads"
POLL_SECONDS: Final = 2.0
BAD_LINE: Final = 2
"""Number of the line with a blank text."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """Starts jobs, and waits for their end."""

    api: Api
    sent: Sent
    timeout_seconds: float

    @property
    def time(self) -> datetime:
        """The time of the imported conversations: in 2000, another for each run."""
        return datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=int(self.sent.run, 16) % 10**7)

    @property
    def filter(self) -> dict[str, str]:
        """What selects the imported conversations, and no others."""
        return {
            "from": self.time.isoformat(),
            "to": (self.time + timedelta(seconds=1)).isoformat(),
        }

    def file(self) -> bytes:
        """Return the file: each imported conversation is a line, and one line is wrong."""
        at = self.time.isoformat()
        lines = [
            {"external_id": name, "text": text, "occurred_at": at, "metadata": {"n": self.sent.run}}
            for name, text in self.sent.imported.items()
        ]
        lines.insert(BAD_LINE - 1, {"text": " "})
        return "".join(json.dumps(line) + "\n" for line in lines).encode()

    def upload(self) -> str:
        """Upload the file, and return the id of its upload."""
        content = self.file()
        begun = self.api.post(UPLOADS, {"name": "acceptance.jsonl", "size": len(content)})
        assert begun.status_code == 201, shown(begun)
        [part] = begun.json()["missing"]
        try:
            put = httpx.put(part["url"], content=content, timeout=REQUEST_TIMEOUT_SECONDS)
        except httpx.TransportError as error:
            raise AssertionError(f"the bucket got no part of the file: {error!r}") from None
        assert put.status_code == 200, f"the bucket responds with {put.status_code} to a part"
        return str(begun.json()["id"])

    def ended(self, job: dict[str, Any]) -> dict[str, Any]:
        """Start a job, and return it when it has ended.

        Raises
        ------
        AssertionError
            It was not started, or did not end in time. It is cancelled then.
        """
        started = self.api.post(JOBS, job)
        assert started.status_code == 202, shown(started)
        path = f"{JOBS}/{started.json()['id']}"
        deadline = time.monotonic() + self.timeout_seconds
        try:
            while True:
                response = self.api.get(path)
                assert response.status_code == 200, shown(response)
                found: dict[str, Any] = response.json()
                if found["status"] != "running":
                    return found
                reason = f"phase {found['phase']}, waits for {found['waiting_for']}"
                assert time.monotonic() < deadline, f"the job has not ended: {reason}"
                time.sleep(POLL_SECONDS)
        except BaseException:
            self.api.post(f"{path}/cancel", {})
            raise
