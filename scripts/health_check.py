"""Request a deployed stack's `/health` until its function responds: only then is it up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import httpx

TRY_SECONDS: Final = 30.0
PAUSE_SECONDS: Final = 1.0


class NoHealthError(Exception):
    """No function responded. The message is a sentence for the terminal."""


def ask_health(
    client: httpx.Client,
    url: str,
    patience_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Return the health report, whether the stack is healthy or not.

    A response of 200 or 503 with a report comes from the function. Any other response comes from
    API Gateway, whose new stages need some seconds, or means that the function cannot start.

    Raises
    ------
    NoHealthError
        There was no report within ``patience_seconds``.
    """
    deadline = clock() + patience_seconds
    while True:
        report, failure = _ask(client, url)
        if report is not None:
            return report
        if clock() >= deadline:
            raise NoHealthError(f"The stack is deployed, but {url} {failure}.")
        sleep(PAUSE_SECONDS)


def why_unhealthy(report: dict[str, Any]) -> str:
    """Return what the report says is wrong; empty if all is well."""
    if report.get("status") == "healthy":
        return ""
    worker = report.get("worker", {})
    reasons = [worker.get("reason"), worker.get("detail")]
    return ": ".join(str(one) for one in reasons if one) or f"status {report.get('status')}"


def _ask(client: httpx.Client, url: str) -> tuple[dict[str, Any] | None, str]:
    try:
        response = client.get(url, timeout=TRY_SECONDS)
    except httpx.TransportError as error:
        return None, f"cannot be reached ({error})"
    report = _report(response)
    return report, f"responds with {response.status_code} instead of a report of the query function"


def _report(response: httpx.Response) -> dict[str, Any] | None:
    if response.status_code not in {httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE}:
        return None
    try:
        content = response.json()
    except ValueError:
        return None
    return content if isinstance(content, dict) and "status" in content else None
