"""The events function: sends the events of a batch of the Insights table's stream."""

from __future__ import annotations

from grok_insights.startup import ready

# isort: split
from typing import Any

from grok_insights import wiring
from grok_insights.events.publishing import Publishing
from grok_insights.telemetry import flush, logger

service = wiring.events(wiring.parts())

ready()


@logger.inject_lambda_context
def handler(
    event: dict[str, Any], context: Any, publishing: Publishing = service
) -> dict[str, Any]:
    """Process one batch of stream records, and return the first one to deliver again."""
    del context
    try:
        failed = publishing.batch(event["Records"])
    finally:
        flush()
    return {"batchItemFailures": [{"itemIdentifier": failed}] if failed else []}
