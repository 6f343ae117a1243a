"""The alerts function: evaluates the alert rules and watches jobs, each minute by its schedule."""

from __future__ import annotations

from grok_insights.startup import ready

# isort: split
from typing import Any

from grok_insights import wiring
from grok_insights.alerts.schedule import Watches
from grok_insights.telemetry import flush, logger

service = wiring.alerts(wiring.parts())

ready()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any, watches: Watches = service) -> None:
    """Evaluate all rules, send the events about alerts, and count stuck jobs."""
    del event, context
    try:
        watches.run()
    finally:
        flush()
