"""Everything that is read: each route parses, calls the use case and maps its answer."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.depends import Depends
from aws_lambda_powertools.event_handler.openapi.params import Query as InQuery

from grok_insights import wiring
from grok_insights.domain.insight import Sentiment, Status
from grok_insights.domain.selection import Selection
from grok_insights.domain.timestamps import Instant
from grok_insights.domain.trends import Interval
from grok_insights.http import Door, json_response, new_api, text_response
from grok_insights.http.answers import ALWAYS_ASK, NEVER_KEEP
from grok_insights.http.described import Described
from grok_insights.http.site import Site
from grok_insights.query import Query

RETRY_AFTER_SECONDS = 2

IMMUTABLE = "private, max-age=300"
"""A completed insight never changes, but its conversation may be deleted."""

PAST = "private, max-age=60"
"""Counters of the past change only where a failed insight is replaced."""

parts = wiring.parts()
service = wiring.query(parts)
described = Described(Path(__file__).parent)
dashboard = Site(
    Path(__file__).parent / "dashboard",
    versioned=frozenset({"uplot-1.6.32.min.css", "uplot-1.6.32.min.js"}),
)
# API Gateway sends everything here that no other route takes: it is answered with 404 or 405.
api = new_api(parts.settings.cors_allowed_origins, described=described.methods)
door = Door(api, parts.state, parts.rate_limit)


def query() -> Query:
    """The use case. Tests put one of their own in its place."""
    return service


Use = Annotated[Query, Depends(query)]


@api.get("/api/v1/conversations/<conversation_id>")
def conversation(conversation_id: UUID, use: Use) -> Response[str]:
    """The stored conversation and its status."""
    return json_response(HTTPStatus.OK, use.insights.conversation(str(conversation_id)))


@api.get("/api/v1/insights")
def insights(
    use: Use,
    limit: Annotated[int, InQuery(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, InQuery(max_length=500)] = None,
    sentiment: Annotated[Sentiment | None, InQuery()] = None,
    status: Annotated[Status | None, InQuery()] = None,
    topic: Annotated[str | None, InQuery(min_length=1, max_length=100)] = None,
    start: Annotated[Instant | None, InQuery(alias="from")] = None,
    end: Annotated[Instant | None, InQuery(alias="to")] = None,
) -> Response[str]:
    """The insights, newest first, page by page."""
    selection = Selection(sentiment, status, topic, start, end)
    page = use.insights.page(selection, limit, cursor)
    next_cursor = "null" if page.next_cursor is None else f'"{page.next_cursor}"'
    body = f'{{"items":[{",".join(page.documents)}],"next_cursor":{next_cursor}}}'
    return json_response(HTTPStatus.OK, body)


@api.get("/api/v1/insights/trends")
def trends(
    use: Use,
    start: Annotated[Instant | None, InQuery(alias="from")] = None,
    end: Annotated[Instant | None, InQuery(alias="to")] = None,
    interval: Annotated[Interval, InQuery()] = Interval.HOUR,
    top: Annotated[int, InQuery(ge=1, le=100)] = 10,
    verify: Annotated[bool, InQuery()] = False,
) -> Response[str]:
    """The counters of a range of time."""
    wanted = use.trends.range(start, end, interval)
    found = use.trends.verified(wanted, top) if verify else use.trends.of(wanted, top)
    cache = PAST if use.trends.is_past(wanted) else ALWAYS_ASK
    return json_response(HTTPStatus.OK, found, {"Cache-Control": cache})


@api.get("/api/v1/insights/conversation/<conversation_id>")
@api.get("/api/v1/insights/<conversation_id>")
def insight(conversation_id: UUID, use: Use) -> Response[str]:
    """The insight, or 202 while the conversation waits for it."""
    stored = use.insights.insight(str(conversation_id))
    if stored is not None:
        cache = IMMUTABLE if stored.status is Status.COMPLETED else ALWAYS_ASK
        return json_response(HTTPStatus.OK, stored.document, {"Cache-Control": cache})
    identity = str(conversation_id)
    waiting = {"id": identity, "conversation_id": identity, "status": "enqueued"}
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS), "Cache-Control": NEVER_KEEP}
    return json_response(HTTPStatus.ACCEPTED, waiting, headers)


@api.get("/health")
def health(use: Use) -> Response[str]:
    """Whether conversations that come in are being analysed."""
    found = use.health()
    status = HTTPStatus.OK if found.healthy else HTTPStatus.SERVICE_UNAVAILABLE
    return json_response(status, found.body, {"Cache-Control": NEVER_KEEP})


@api.get("/metrics")
def metrics(use: Use) -> Response[str]:
    """The metrics in Prometheus' text format."""
    text, media_type = use.metrics.text(_given_key())
    return text_response(media_type, text, cache=NEVER_KEEP)


def _given_key() -> str | None:
    """The API key as clients of the other routes send it, or as Prometheus does."""
    headers = api.current_event.headers
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return headers.get("x-api-key") or (token.strip() if scheme.lower() == "bearer" else None)


@api.get("/openapi.json", include_in_schema=False)
def openapi() -> Response[str]:
    """The description of this API."""
    return described.openapi()


@api.get("/docs", include_in_schema=False)
def docs() -> Response[str]:
    """The description as a page that can call the API."""
    return described.page()


@api.get("/docs/<name>", include_in_schema=False)
def docs_file(name: str) -> Response[str]:
    """A file of that page."""
    return described.file(name)


@api.get("/dashboard", include_in_schema=False)
def dashboard_page() -> Response[str]:
    """The web page for people. It calls the other routes with the key that they type in."""
    return dashboard.page(api.current_event.path)


@api.get("/dashboard/<name>", include_in_schema=False)
def dashboard_file(name: str) -> Response[str]:
    """A file of that page."""
    return dashboard.file(name)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """AWS Lambda's entry: a request from API Gateway."""
    return door(event, context)
