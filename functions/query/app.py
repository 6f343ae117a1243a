"""Everything that is read: each route parses, calls the use case and maps its answer."""

from __future__ import annotations

from grok_insights.startup import ready

# isort: split
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from pydantic_core import core_schema as core

from grok_insights import wiring
from grok_insights.checked import Checked, check, one_of
from grok_insights.domain.insight import Sentiment, Status
from grok_insights.domain.selection import Selection
from grok_insights.domain.timestamps import INSTANT
from grok_insights.domain.trends import Interval
from grok_insights.http import BY_ID, Api, HttpHandler, json_response, text_response
from grok_insights.http.response import NO_STORE, PRIVATE_REVALIDATED
from grok_insights.http.static import ApiDescription, StaticFiles

RETRY_AFTER_SECONDS = 2

IMMUTABLE = "private, max-age=300"
"""A completed insight never changes, but its conversation may be deleted."""

PAST = "private, max-age=60"
"""Counters of the past change only where a failed insight is replaced."""

TO_A_HUNDRED = check(core.int_schema(ge=1, le=100))

parts = wiring.parts()
api_description = ApiDescription(Path(__file__).parent)
dashboard = StaticFiles(
    Path(__file__).parent / "dashboard",
    versioned=frozenset({"uplot-1.6.32.min.css", "uplot-1.6.32.min.js"}),
)
# API Gateway sends everything here that no other route takes: it is answered with 404 or 405.
api = Api(wiring.query(parts), parts.settings.cors_allowed_origins, api_description.methods)
http_handler = HttpHandler(api, parts.counters, parts.rate_limit)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which insights, how many of them, and from which place on."""

    limit: int = field(default=20, metadata=TO_A_HUNDRED)
    cursor: str | None = field(default=None, metadata=check(core.str_schema(max_length=500)))
    sentiment: Sentiment | None = field(default=None, metadata=check(one_of(Sentiment)))
    status: Status | None = field(default=None, metadata=check(one_of(Status)))
    topic: str | None = field(
        default=None, metadata=check(core.str_schema(min_length=1, max_length=100))
    )
    start: datetime | None = field(default=None, metadata=check(INSTANT, name="from"))
    end: datetime | None = field(default=None, metadata=check(INSTANT, name="to"))


@dataclass(frozen=True, slots=True)
class TrendsQuery:
    """Which range, how finely, how many topics, and whether to count anew."""

    start: datetime | None = field(default=None, metadata=check(INSTANT, name="from"))
    end: datetime | None = field(default=None, metadata=check(INSTANT, name="to"))
    interval: Interval = field(default=Interval.HOUR, metadata=check(one_of(Interval)))
    top: int = field(default=10, metadata=TO_A_HUNDRED)
    verify: bool = field(default=False, metadata=check(core.bool_schema()))


@api.get("/api/v1/conversations/<conversation_id>")
@api.takes(path=BY_ID)
def conversation(conversation_id: UUID) -> Response[str]:
    """The stored conversation and its status."""
    found = api.use_case.insights.conversation(str(conversation_id))
    return json_response(HTTPStatus.OK, found)


@api.get("/api/v1/insights")
@api.takes(query=Checked(ListQuery))
def insights(query: ListQuery) -> Response[str]:
    """The insights, newest first, page by page."""
    selection = Selection(query.sentiment, query.status, query.topic, query.start, query.end)
    page = api.use_case.insights.page(selection, query.limit, query.cursor)
    next_cursor = "null" if page.next_cursor is None else f'"{page.next_cursor}"'
    body = f'{{"items":[{",".join(page.documents)}],"next_cursor":{next_cursor}}}'
    return json_response(HTTPStatus.OK, body)


@api.get("/api/v1/insights/trends")
@api.takes(query=Checked(TrendsQuery))
def trends(query: TrendsQuery) -> Response[str]:
    """The counters of a range of time."""
    use = api.use_case.trends
    wanted = use.range(query.start, query.end, query.interval)
    found = use.verified(wanted, query.top) if query.verify else use.of(wanted, query.top)
    cache = PAST if use.is_past(wanted) else PRIVATE_REVALIDATED
    return json_response(HTTPStatus.OK, found, {"Cache-Control": cache})


@api.get("/api/v1/insights/conversation/<conversation_id>")
@api.get("/api/v1/insights/<conversation_id>")
@api.takes(path=BY_ID)
def insight(conversation_id: UUID) -> Response[str]:
    """The insight, or 202 while the conversation waits for it."""
    identity = str(conversation_id)
    stored = api.use_case.insights.insight(identity)
    if stored is not None:
        cache = IMMUTABLE if stored.status is Status.COMPLETED else PRIVATE_REVALIDATED
        return json_response(HTTPStatus.OK, stored.document, {"Cache-Control": cache})
    waiting = {"id": identity, "conversation_id": identity, "status": "enqueued"}
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS), "Cache-Control": NO_STORE}
    return json_response(HTTPStatus.ACCEPTED, waiting, headers)


@api.get("/health")
def health() -> Response[str]:
    """Whether conversations that come in are being analysed."""
    found = api.use_case.health()
    status = HTTPStatus.OK if found.healthy else HTTPStatus.SERVICE_UNAVAILABLE
    return json_response(status, found.body, {"Cache-Control": NO_STORE})


@api.get("/metrics")
def metrics() -> Response[str]:
    """The metrics in Prometheus' text format."""
    text, media_type = api.use_case.metrics.text(_given_key())
    return text_response(media_type, text, cache=NO_STORE)


def _given_key() -> str | None:
    """The API key as clients of the other routes send it, or as Prometheus does."""
    headers = api.current_event.headers
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return headers.get("x-api-key") or (token.strip() if scheme.lower() == "bearer" else None)


@api.get("/openapi.json")
def openapi() -> Response[str]:
    """The description of this API."""
    return api_description.openapi()


@api.get("/docs")
def docs() -> Response[str]:
    """The description as a page that can call the API."""
    return api_description.page(api.current_event.path)


@api.get("/docs/<name>")
def docs_file(name: str) -> Response[str]:
    """A file of that page."""
    return api_description.file(name)


@api.get("/dashboard")
def dashboard_page() -> Response[str]:
    """The web page for people. It calls the other routes with the key that they type in."""
    return dashboard.page(api.current_event.path)


@api.get("/dashboard/<name>")
def dashboard_file(name: str) -> Response[str]:
    """A file of that page."""
    return dashboard.file(name)


ready()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """AWS Lambda's entry: a request from API Gateway."""
    return http_handler(event, context)
