"""The response bodies of the baselines, which equal ours, and their rate limit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from grok_insights.errors import RequestError, TooManyRequests
from grok_insights.flow.rate_limit import client_of
from grok_insights.ingest.conversations import Accepted, Outcome
from grok_insights.query.insights import Page
from grok_insights.wiring import Parts

FILES: Final = Path(__file__).parents[2] / "functions" / "query"


def named(accepted: Accepted) -> dict[str, Any]:
    """Return the body for one accepted conversation."""
    identity = accepted.conversation.id
    return {"id": identity, "conversation_id": identity, "status": accepted.status}


def of_many(items: Sequence[Any], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the body with the result of each conversation."""
    accepted = sum(isinstance(outcome, Accepted) for outcome in outcomes)
    results = [
        {"index": index, "external_id": _external_id(item), **_result(outcome)}
        for index, (item, outcome) in enumerate(zip(items, outcomes, strict=True))
    ]
    return {"accepted": accepted, "rejected": len(outcomes) - accepted, "results": results}


def _external_id(item: Any) -> str | None:
    found = item.get("external_id") if isinstance(item, dict) else None
    return found if isinstance(found, str) else None


def _result(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Accepted):
        return named(outcome)
    none = {"id": None, "conversation_id": None, "status": "rejected"}
    return {**none, "error": problem(outcome)}


def waiting(identity: str) -> dict[str, str]:
    """Return the body for a conversation that has no insight yet."""
    return {"id": identity, "conversation_id": identity, "status": "enqueued"}


def page_text(page: Page) -> str:
    """Return a page of the list, made of documents that are already JSON."""
    cursor = "null" if page.next_cursor is None else f'"{page.next_cursor}"'
    return f'{{"items":[{",".join(page.documents)}],"next_cursor":{cursor}}}'


def problem(error: RequestError) -> dict[str, Any]:
    """Return an error as problem details."""
    faults = [{"location": fault.location, "message": fault.message} for fault in error.faults]
    shown = {"title": error.title, "status": error.status, "detail": error.detail}
    return {"type": "about:blank", **shown, **({"errors": faults} if faults else {})}


def file_text(name: str) -> str:
    """Return a file of the query function."""
    return (FILES / name).read_text("utf-8")


def limited(parts: Parts, source_ip: str) -> dict[str, str]:
    """Count a request of a client, and return the headers that say how many are left.

    Raises
    ------
    TooManyRequests
        There were too many.
    """
    now = time.time()
    window = parts.rate_limit.window(now)
    decision = window.decision(parts.counters.count_request(client_of(source_ip), window), now)
    if not decision.allowed:
        raise TooManyRequests("too many requests", retry_after_seconds=decision.reset_seconds)
    return decision.headers()
