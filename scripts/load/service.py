"""The service under test: send conversations, read insights, and interpret responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from scripts.load.conversations import Conversation
from scripts.load.errors import LoadTestError

THROTTLED: Final = frozenset({429, 503})
DEFAULT_WAIT_SECONDS: Final = 1.0
LONGEST_WAIT_SECONDS: Final = 60.0
TIMEOUT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a request: external ids that were accepted, and counts of the others."""

    accepted: tuple[str, ...] = ()
    throttled: int = 0
    failed: int = 0
    reason: str = ""
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Service:
    """One stack, with its address and key."""

    http: httpx.AsyncClient
    base_url: str
    headers: dict[str, str] = field(repr=False)

    async def send(self, sent: Sequence[Conversation], *, bulk: bool) -> Outcome:
        """Send one conversation, or many in one request."""
        path = "/api/v1/conversations/bulk" if bulk else "/api/v1/conversations"
        body = {"conversations": list(sent)} if bulk else sent[0]
        try:
            response = await self.http.post(self.base_url + path, json=body, headers=self.headers)
        except httpx.HTTPError as error:
            return Outcome(failed=len(sent), reason=type(error).__name__)
        return read(response, sent)

    async def page(self, window: dict[str, str], cursor: str | None) -> dict[str, Any] | None:
        """Return a page of the insights of a time; None if the service does not return it now."""
        query = {"limit": "100", **window} | ({"cursor": cursor} if cursor else {})
        try:
            response = await self._get("/api/v1/insights", query)
        except httpx.HTTPError:
            return None
        found: dict[str, Any] | None = response.json() if response.status_code == 200 else None
        return found

    async def mode(self) -> str:
        """Return ``mock`` or ``real``.

        Raises
        ------
        LoadTestError
            The service cannot be reached, or is not a Grok Insights API.
        """
        try:
            response = await self._get("/health", {})
            return str(response.json().get("mode", "unknown"))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            why = str(error) or type(error).__name__
            raise LoadTestError(f"{self.base_url}/health does not respond: {why}") from None

    async def spent_usd(self) -> float | None:
        """Return the cost of Grok so far in USD; None if the service does not report it."""
        try:
            response = await self._get("/metrics", {})
        except httpx.HTTPError:
            return None
        return metric(response.text, "estimated_cost_usd") if response.status_code == 200 else None

    async def _get(self, path: str, query: dict[str, str]) -> httpx.Response:
        return await self.http.get(self.base_url + path, params=query, headers=self.headers)


def read(response: httpx.Response, sent: Sequence[Conversation]) -> Outcome:
    """Return the outcome of each conversation that was sent from a response."""
    count = len(sent)
    if response.status_code in THROTTLED:
        wait = retry_after(response.headers.get("retry-after", ""))
        return Outcome(throttled=count, reason=str(response.status_code), wait_seconds=wait)
    if response.status_code != 202:
        return Outcome(failed=count, reason=str(response.status_code))
    body = response.json()
    results = body.get("results", [body])
    accepted = tuple(
        one["external_id"]
        for one, result in zip(sent, results, strict=True)
        if result["status"] != "rejected"
    )
    reason = "rejected" if len(accepted) < count else ""
    return Outcome(accepted, failed=count - len(accepted), reason=reason)


def retry_after(text: str) -> float:
    """Return the seconds to wait from the header's text: at least one, at most a minute."""
    seconds = float(text) if text.isdecimal() else DEFAULT_WAIT_SECONDS
    return min(max(seconds, DEFAULT_WAIT_SECONDS), LONGEST_WAIT_SECONDS)


def metric(text: str, name: str) -> float | None:
    """Return the value of a metric without labels in Prometheus' text format."""
    for line in text.splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[1])
    return None
