"""Send the first request of a fresh process, for the measurement of cold starts."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from grok_insights.aws.queue import Message
from tests.builders import LambdaContext, api_event, sqs_event


def send(handler: Callable[[dict[str, Any], Any], dict[str, Any]], function: str) -> None:
    """Send a function its most frequent request; raise an error if it does not succeed."""
    known = os.environ["BENCH_INSIGHT"]
    match function:
        case "ingest":
            event = api_event("POST", "/api/v1/conversations", {"text": "My parcel is late."})
        case "query":
            event = api_event("GET", "/api/v1/insights")
        case _:
            event = sqs_event([Message(known, 1, datetime.now(UTC)).to_body()])
    answer = handler(event, LambdaContext())
    if answer.get("statusCode", 200) not in {200, 202} or answer.get("batchItemFailures"):
        raise SystemExit(f"the first request of {function} failed: {answer}")
