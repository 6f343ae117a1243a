"""The query function: each route parses the request, calls a use case and maps the result."""

from __future__ import annotations

from grok_insights.startup import ready

# isort: split
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from grok_insights import wiring
from grok_insights.domain.conversation import ConversationStatus
from grok_insights.domain.new_conversation import ByExternalId, ById
from grok_insights.domain.profile import ByVersion
from grok_insights.http import (
    HttpHandler,
    Router,
    json_response,
    redirect,
    text_response,
)
from grok_insights.http.response import NO_STORE
from grok_insights.http.static import ApiDescription, StaticFiles
from grok_insights.query import Query
from grok_insights.query.overview_json import overview_json
from grok_insights.query.parameters import (
    AlertsQuery,
    ListQuery,
    MoversQuery,
    OverviewQuery,
    TrendsQuery,
    VersionsQuery,
)
from grok_insights.query.versions import InsightVersionsQuery
from grok_insights.telemetry import logger
from grok_insights.wiring import Parts

if TYPE_CHECKING:
    from grok_insights.bodies.conversations import WaitingBody

WAITING_RETRY_AFTER_SECONDS = 2

ROUTES_OF_INGEST = (
    ("POST", "/api/v1/conversations"),
    ("POST", "/api/v1/conversations/bulk"),
    ("POST", "/api/v1/conversations/<conversation_id>/retry"),
    ("DELETE", "/api/v1/conversations"),
    ("DELETE", "/api/v1/conversations/<conversation_id>"),
    ("PUT", "/api/v1/profile"),
    ("POST", "/api/v1/profile/preview"),
    ("POST", "/api/v1/profile/versions/<version>/activate"),
    ("DELETE", "/api/v1/profile/proposals/<topic>"),
    ("POST", "/api/v1/alerts/rules"),
    ("DELETE", "/api/v1/alerts/rules/<name>"),
)
ROUTES_OF_JOBS = (
    ("POST", "/api/v1/uploads"),
    ("GET", "/api/v1/uploads/<upload_id>"),
    ("POST", "/api/v1/jobs"),
    ("GET", "/api/v1/jobs"),
    ("GET", "/api/v1/jobs/<job_id>"),
    ("POST", "/api/v1/jobs/<job_id>/cancel"),
    ("POST", "/api/v1/jobs/<job_id>/start"),
)

api_description = ApiDescription(Path(__file__).parent)
dashboard = StaticFiles(Path(__file__).parent / "dashboard")
# API Gateway sends requests that match no other route to this function: the response is 404 or 405.
router = Router[Query](elsewhere=ROUTES_OF_INGEST + ROUTES_OF_JOBS)


@router.get("/api/v1/conversations", query=ByExternalId)
def conversation_by_external_id(use_case: Query, query: ByExternalId) -> Response[str]:
    """Return the conversation that was sent with this external_id."""
    return json_response(HTTPStatus.OK, use_case.insights.named_conversation(query.external_id))


@router.get("/api/v1/conversations/<conversation_id>", parameters=ById)
def conversation(use_case: Query, conversation_id: UUID) -> Response[str]:
    """Return the stored conversation and its status."""
    return json_response(HTTPStatus.OK, use_case.insights.conversation(str(conversation_id)))


@router.get("/api/v1/insights", query=ListQuery)
def insights(use_case: Query, query: ListQuery) -> Response[str]:
    """List insights, newest first, page by page."""
    page = use_case.insights.page(query.selection(), query.limit, query.cursor)
    return json_response(HTTPStatus.OK, page.as_json())


@router.get("/api/v1/insights/trends", query=TrendsQuery)
def trends(use_case: Query, query: TrendsQuery) -> Response[str]:
    """Return the counters of a range, by hour or by day."""
    counters = use_case.trends
    wanted = counters.range(query.start, query.end, query.interval)
    read = counters.verified if query.verify else counters.of
    return json_response(HTTPStatus.OK, read(wanted, query.by, query.top))


@router.get("/api/v1/insights/movers", query=MoversQuery)
def movers(use_case: Query, query: MoversQuery) -> Response[str]:
    """Return the labels of a period, compared with the period before."""
    periods = use_case.movers.periods(query.start, query.end, query.by)
    return json_response(HTTPStatus.OK, use_case.movers.of(periods, query.by, query.top))


@router.get("/api/v1/overview", query=OverviewQuery)
def overview(use_case: Query, query: OverviewQuery) -> Response[str]:
    """Return all that one refresh of the dashboard shows."""
    found = use_case.overview.of(query)
    status, budget = use_case.health().body, use_case.overview.budget()
    return json_response(HTTPStatus.OK, overview_json(found, query.top, status, budget))


@router.get("/api/v1/insights/<conversation_id>", parameters=ById)
@router.get("/api/v1/insights/conversation/<conversation_id>", parameters=ById)
def insight(use_case: Query, conversation_id: UUID) -> Response[str]:
    """Return the insight of a conversation, or 202 while it waits."""
    identity = str(conversation_id)
    stored = use_case.insights.insight(identity)
    if stored is not None:
        return json_response(HTTPStatus.OK, stored.document)
    waiting: WaitingBody = {
        "id": identity,
        "conversation_id": identity,
        "status": ConversationStatus.ENQUEUED,
    }
    headers = {"Retry-After": str(WAITING_RETRY_AFTER_SECONDS), "Cache-Control": NO_STORE}
    return json_response(HTTPStatus.ACCEPTED, waiting, headers)


@router.get(
    "/api/v1/insights/<conversation_id>/versions", parameters=ById, query=InsightVersionsQuery
)
def versions_of_insight(
    use_case: Query, conversation_id: UUID, query: InsightVersionsQuery
) -> Response[str]:
    """Return the versions of an insight, and what differs between two of them."""
    return json_response(HTTPStatus.OK, use_case.versions(str(conversation_id), query))


@router.get("/api/v1/profile")
def profile(use_case: Query) -> Response[str]:
    """Return the active profile."""
    return json_response(HTTPStatus.OK, use_case.profiles.active().as_json())


@router.get("/api/v1/profile/versions", query=VersionsQuery)
def versions(use_case: Query, query: VersionsQuery) -> Response[str]:
    """List the versions of the profile, newest first."""
    return json_response(HTTPStatus.OK, use_case.profiles.versions(query.limit, query.before))


@router.get("/api/v1/profile/versions/<version>", parameters=ByVersion)
def version_of_profile(use_case: Query, version: int) -> Response[str]:
    """Return a version of the profile."""
    return json_response(HTTPStatus.OK, use_case.profiles.version(version).as_json())


@router.get("/api/v1/profile/proposals")
def proposals(use_case: Query) -> Response[str]:
    """List the topics that Grok proposed."""
    return json_response(HTTPStatus.OK, use_case.profiles.proposed())


@router.get("/api/v1/alerts", query=AlertsQuery)
def alerts(use_case: Query, query: AlertsQuery) -> Response[str]:
    """List the alerts, newest first."""
    return json_response(HTTPStatus.OK, use_case.alerts.alerts(query.status))


@router.get("/api/v1/alerts/rules")
def alert_rules(use_case: Query) -> Response[str]:
    """List the alert rules."""
    return json_response(HTTPStatus.OK, use_case.alerts.rules())


@router.get("/health")
def health(use_case: Query) -> Response[str]:
    """Return whether conversations are being analysed."""
    result = use_case.health()
    status = HTTPStatus.OK if result.healthy else HTTPStatus.SERVICE_UNAVAILABLE
    return json_response(status, result.body, {"Cache-Control": NO_STORE})


@router.get("/metrics", with_request=True)
def metrics(use_case: Query, request: APIGatewayProxyEvent) -> Response[str]:
    """Return the metrics in Prometheus' text format."""
    text, media_type = use_case.metrics.text(_given_key(request))
    return text_response(media_type, text, cache=NO_STORE)


def _given_key(request: APIGatewayProxyEvent) -> str | None:
    """Return the API key of ``x-api-key``, or the bearer token that Prometheus sends."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    is_token = scheme.lower() == "bearer"
    return request.headers.get("x-api-key") or (token.strip() if is_token else None)


@router.get("/openapi.json")
def openapi(_: Query) -> Response[str]:
    """Return the description of this API."""
    return api_description.openapi()


@router.get("/docs", with_request=True)
def docs(_: Query, request: APIGatewayProxyEvent) -> Response[str]:
    """Return a page with the description, which can call the API."""
    return api_description.page(request.path)


@router.get("/docs/<name>")
def docs_file(_: Query, name: str) -> Response[str]:
    """Return a file of that page."""
    return api_description.file(name)


@router.get("/dashboard", with_request=True)
def dashboard_page(use_case: Query, request: APIGatewayProxyEvent) -> Response[str]:
    """Return the web page for people. It calls the other routes with the key that they type in."""
    return dashboard.page(request.path, use_case.upload_origin)


@router.get("/dashboard/<name>")
def dashboard_file(_: Query, name: str) -> Response[str]:
    """Return a file of that page."""
    return dashboard.file(name)


@router.get("/", with_request=True)
def home(_: Query, request: APIGatewayProxyEvent) -> Response[str]:
    """Redirect to the dashboard, with or without a slash at the end of the stage's address."""
    stage = request.request_context.path.rpartition("/")[2]
    return redirect(f"{stage}/dashboard" if stage else "dashboard")


def create_app(parts: Parts) -> HttpHandler[Query]:
    """Return the handler of the function's requests."""
    return wiring.http_handler(router, wiring.query(parts), parts)


app = create_app(wiring.parts())

ready()


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Process one request from API Gateway, and return the response."""
    return app(event, context)
