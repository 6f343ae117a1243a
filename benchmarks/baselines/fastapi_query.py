"""The query function with FastAPI and Mangum."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Header, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse
from mangum import Mangum

from benchmarks.baselines.fastapi_handler import new_app, new_router
from benchmarks.baselines.models import Instant
from benchmarks.baselines.parts import parts
from benchmarks.baselines.responses import file_text, page_text, waiting
from grok_insights import wiring
from grok_insights.domain.insight import Sentiment, Status
from grok_insights.domain.labels import TOPIC
from grok_insights.domain.selection import Selection
from grok_insights.domain.trends import Interval

use = wiring.query(parts)
app, router = new_app(), new_router()


@router.get("/conversations/{conversation_id}")
def conversation(conversation_id: UUID) -> dict[str, Any]:
    """Return the stored conversation."""
    return dict(use.insights.conversation(str(conversation_id)))


@router.get("/insights")
def insights(
    response: Response,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    sentiment: Sentiment | None = None,
    status: Status | None = None,
    topic: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
    start: Annotated[Instant | None, Query(alias="from")] = None,
    end: Annotated[Instant | None, Query(alias="to")] = None,
) -> Response:
    """Return one page of insights, newest first."""
    selection = Selection(sentiment, status, topic, start, end)
    page = use.insights.page(selection, limit, cursor)
    return _made(page_text(page), response)


@router.get("/insights/trends")
def trends(
    start: Annotated[Instant | None, Query(alias="from")] = None,
    end: Annotated[Instant | None, Query(alias="to")] = None,
    interval: Interval = Interval.HOUR,
    top: Annotated[int, Query(ge=1, le=100)] = 10,
    verify: bool = False,
) -> dict[str, Any]:
    """Return the counters of a range."""
    wanted = use.trends.range(start, end, interval)
    return dict(
        use.trends.verified(wanted, TOPIC, top) if verify else use.trends.of(wanted, TOPIC, top)
    )


@router.get("/insights/conversation/{conversation_id}")
@router.get("/insights/{conversation_id}")
def insight(conversation_id: UUID, response: Response) -> Response:
    """Return the insight, or 202."""
    stored = use.insights.insight(str(conversation_id))
    if stored is None:
        return JSONResponse(waiting(str(conversation_id)), 202, {"Retry-After": "2"})
    return _made(stored.document, response)


@app.get("/health")
def health() -> JSONResponse:
    """Return the health report."""
    found = use.health()
    return JSONResponse(found.body, 200 if found.healthy else 503)


@app.get("/metrics")
def metrics(x_api_key: Annotated[str | None, Header()] = None) -> Response:
    """Return the metrics."""
    text, media_type = use.metrics.text(x_api_key)
    return Response(text, media_type=media_type)


@app.get("/openapi.json")
def openapi() -> Response:
    """Return the API description, which was made when the function was built, as ours is."""
    return Response(file_text("openapi.json"), media_type="application/json")


@app.get("/dashboard")
def dashboard() -> HTMLResponse:
    """Return the web page."""
    return HTMLResponse(file_text("dashboard/index.html"))


def _made(document: str, response: Response) -> Response:
    """Return a document that is already JSON, with the headers of the rate limit."""
    return Response(document, headers=dict(response.headers), media_type="application/json")


app.include_router(router)
handler = Mangum(app, lifespan="off")
