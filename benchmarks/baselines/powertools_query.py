"""The query function with Powertools' event handler and its validation."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Query

from benchmarks.baselines.models import Instant
from benchmarks.baselines.parts import parts
from benchmarks.baselines.powertools_handler import made, new_app
from benchmarks.baselines.responses import file_text, page_text, waiting
from grok_insights import wiring
from grok_insights.domain.insight import Sentiment, Status
from grok_insights.domain.labels import TOPIC
from grok_insights.domain.selection import Selection
from grok_insights.domain.trends import Interval

use = wiring.query(parts)
app = new_app()


@app.get("/api/v1/conversations/<conversation_id>")
def conversation(conversation_id: UUID) -> dict[str, Any]:
    """Return the stored conversation."""
    return dict(use.insights.conversation(str(conversation_id)))


@app.get("/api/v1/insights")
def insights(
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    sentiment: Annotated[Sentiment | None, Query()] = None,
    status: Annotated[Status | None, Query()] = None,
    topic: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
    start: Annotated[Instant | None, Query(alias="from")] = None,
    end: Annotated[Instant | None, Query(alias="to")] = None,
) -> Response[str]:
    """Return one page of insights, newest first."""
    selection = Selection(sentiment, status, topic, start, end)
    return made(page_text(use.insights.page(selection, limit, cursor)))


@app.get("/api/v1/insights/trends")
def trends(
    start: Annotated[Instant | None, Query(alias="from")] = None,
    end: Annotated[Instant | None, Query(alias="to")] = None,
    interval: Annotated[Interval, Query()] = Interval.HOUR,
    top: Annotated[int, Query(ge=1, le=100)] = 10,
    verify: Annotated[bool, Query()] = False,
) -> dict[str, Any]:
    """Return the counters of a range."""
    wanted = use.trends.range(start, end, interval)
    return dict(
        use.trends.verified(wanted, TOPIC, top) if verify else use.trends.of(wanted, TOPIC, top)
    )


@app.get("/api/v1/insights/conversation/<conversation_id>")
@app.get("/api/v1/insights/<conversation_id>")
def insight(conversation_id: UUID) -> Response[str]:
    """Return the insight, or 202."""
    stored = use.insights.insight(str(conversation_id))
    if stored is None:
        return made(json.dumps(waiting(str(conversation_id))), 202)
    return made(stored.document)


@app.get("/health")
def health() -> Response[dict[str, Any]]:
    """Return the health report."""
    found = use.health()
    return Response(200 if found.healthy else 503, "application/json", {**found.body})


@app.get("/metrics")
def metrics(x_api_key: Annotated[str | None, Header(alias="x-api-key")] = None) -> Response[str]:
    """Return the metrics."""
    text, media_type = use.metrics.text(x_api_key)
    return made(text, media_type=media_type)


@app.get("/openapi.json")
def openapi() -> Response[str]:
    """Return the API description, which was made when the function was built, as ours is."""
    return made(file_text("openapi.json"))


@app.get("/dashboard")
def dashboard() -> Response[str]:
    """Return the web page."""
    return made(file_text("dashboard/index.html"), media_type="text/html; charset=utf-8")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle an event from AWS Lambda."""
    return app.resolve(event, context)
