"""The alerts function: evaluates the alert rules each time that its schedule invokes it."""

from __future__ import annotations

from grok_insights.startup import ready

# isort: split
from typing import Any

from grok_insights import wiring
from grok_insights.alerts.watch import WatchTrends
from grok_insights.telemetry import flush, logger

service = wiring.alerts(wiring.parts())

ready()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any, watch: WatchTrends = service) -> None:
    """Evaluate all rules, and send the events about alerts."""
    del event, context
    try:
        watch.run()
    finally:
        flush()
