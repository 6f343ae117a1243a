"""Control the stand-in from another process: script its replies and read its records over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from tests.standin.books import CallRecord, Outage, digest


@dataclass(frozen=True)
class Control:
    """A stand-in at ``address``, which `Standin.address` returns and the command prints."""

    address: str

    def plan(self, *, latency_seconds: tuple[float, float], rates: dict[str, float]) -> None:
        """Set how calls are answered from now on."""
        self._post("plan", {"latency_seconds": latency_seconds, "rates": rates})

    def script(self, text: str, *replies: str) -> None:
        """Set the replies to the calls about one conversation; the last reply is repeated."""
        self._post("script", {"conversation": digest(text), "replies": replies})

    def next(self, *replies: str) -> None:
        """Set the replies to the next calls, about any conversation."""
        self._post("next", {"replies": replies})

    def outage(self, seconds: float, reply: str = "reset") -> None:
        """Make every call fail for some seconds."""
        self._post("outage", {"seconds": seconds, "reply": reply})

    def end_outages(self) -> None:
        """End all outages."""
        self._post("end_outages", {})

    def reset(self) -> None:
        """Delete all records and scripts."""
        self._post("reset", {})

    def calls(self) -> list[CallRecord]:
        """Return every call, in the order of arrival."""
        return [CallRecord(**call) for call in self._report()["calls"]]

    def outages(self) -> list[Outage]:
        """Return every outage, in order."""
        return [Outage(**outage) for outage in self._report()["outages"]]

    def _report(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(self._url("report"), timeout=30).json()
        return found

    def _post(self, command: str, body: Any) -> None:
        httpx.post(self._url(command), json=body, timeout=30).raise_for_status()

    def _url(self, command: str) -> str:
        return f"{self.address.removesuffix('/v1')}/control/{command}"
