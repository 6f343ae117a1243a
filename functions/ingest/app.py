"""The ingest function: each route parses the request, calls the use case and maps the result."""

from __future__ import annotations

from grok_insights.startup import ready

# isort: split
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from pydantic import Field, SkipValidation

from grok_insights import wiring
from grok_insights.bodies.conversations import (
    AcceptedBody,
    BulkAcceptedBody,
    BulkResultBody,
    BulkStatus,
)
from grok_insights.domain.alert_rules import AlertRule, ByAlertName
from grok_insights.domain.conversation import ConversationStatus
from grok_insights.domain.new_conversation import (
    MAX_EXTERNAL_ID_CHARS,
    ByExternalId,
    ById,
    NewConversation,
)
from grok_insights.domain.preview import NewPreview
from grok_insights.domain.profile import ByTopic, ByVersion, NewProfile
from grok_insights.errors import RequestError
from grok_insights.http import (
    HttpHandler,
    IfMatch,
    Router,
    etag,
    json_response,
    problem_body,
)
from grok_insights.http.response import NO_STORE
from grok_insights.ingest.conversations import Accepted, Ingest, Outcome
from grok_insights.telemetry import logger
from grok_insights.validation import Model
from grok_insights.wiring import Parts

MAX_BULK = 500

router = Router[Ingest]()


class NewConversations(Model):
    """Many conversations at once."""

    conversations: list[Annotated[NewConversation, SkipValidation]] = Field(
        description="Each is checked on its own, and rejected in its own result.",
        min_length=1,
        max_length=MAX_BULK,
    )


@router.post("/api/v1/conversations", body=NewConversation)
def add_one(use_case: Ingest, body: NewConversation) -> Response[str]:
    """Accept one conversation."""
    accepted = use_case.one(body)
    # Relative (RFC 9110, 10.2.2), since the function does not know the prefix of its address.
    location = f"insights/{accepted.conversation.id}"
    return json_response(HTTPStatus.ACCEPTED, _accepted(accepted), {"Location": location})


@router.post("/api/v1/conversations/bulk", body=NewConversations)
def add_many(use_case: Ingest, body: NewConversations) -> Response[str]:
    """Accept up to 500 conversations."""
    outcomes = use_case.many(body.conversations)
    accepted = sum(isinstance(outcome, Accepted) for outcome in outcomes)
    sent = enumerate(zip(body.conversations, outcomes, strict=True))
    response: BulkAcceptedBody = {
        "accepted": accepted,
        "rejected": len(outcomes) - accepted,
        "results": [_result(index, item, outcome) for index, (item, outcome) in sent],
    }
    return json_response(HTTPStatus.ACCEPTED, response)


@router.post("/api/v1/conversations/<conversation_id>/retry", parameters=ById)
def retry(use_case: Ingest, conversation_id: UUID) -> Response[str]:
    """Analyse a conversation again whose analysis failed."""
    identity = str(conversation_id)
    use_case.retry(identity)
    body: AcceptedBody = {
        "id": identity,
        "conversation_id": identity,
        "status": ConversationStatus.ENQUEUED,
    }
    return json_response(HTTPStatus.ACCEPTED, body)


@router.delete("/api/v1/conversations/<conversation_id>", parameters=ById)
def erase(use_case: Ingest, conversation_id: UUID) -> Response[str]:
    """Delete a conversation, its insight and its share in the trends."""
    use_case.erase(str(conversation_id))
    return Response(HTTPStatus.NO_CONTENT.value, body="")


@router.delete("/api/v1/conversations", query=ByExternalId)
def erase_by_external_id(use_case: Ingest, query: ByExternalId) -> Response[str]:
    """Delete the conversation that was sent with this external_id."""
    use_case.erase_named(query.external_id)
    return Response(HTTPStatus.NO_CONTENT.value, body="")


class PutProfileQuery(Model):
    """The parameters of a new version of the profile."""

    activate: bool = Field(False, description="Analyse conversations with it from now on.")


@router.put("/api/v1/profile", query=PutProfileQuery, body=NewProfile, with_request=True)
def put_profile(
    use_case: Ingest, query: PutProfileQuery, body: NewProfile, request: APIGatewayProxyEvent
) -> Response[str]:
    """Store the next version of the profile."""
    stored = use_case.profile.put(body, IfMatch(request), activate=query.activate)
    document = stored.profile.as_json()
    location = f"profile/versions/{stored.profile.version}"
    status = HTTPStatus.CREATED if stored.is_new else HTTPStatus.OK
    return json_response(status, document, {"Location": location, "ETag": etag(document)})


@router.post("/api/v1/profile/versions/<version>/activate", parameters=ByVersion, with_request=True)
def activate(use_case: Ingest, version: int, request: APIGatewayProxyEvent) -> Response[str]:
    """Make a version of the profile the active one."""
    document = use_case.profile.activate(version, IfMatch(request)).as_json()
    return json_response(HTTPStatus.OK, document, {"ETag": etag(document)})


@router.post("/api/v1/profile/preview", body=NewPreview)
def preview(use_case: Ingest, body: NewPreview) -> Response[str]:
    """Analyse a conversation with a profile; neither is stored."""
    return json_response(HTTPStatus.OK, use_case.preview(body), {"Cache-Control": NO_STORE})


@router.delete("/api/v1/profile/proposals/<topic>", parameters=ByTopic)
def dismiss(use_case: Ingest, topic: str) -> Response[str]:
    """Remove a proposed topic."""
    use_case.profile.dismiss(topic)
    return Response(HTTPStatus.NO_CONTENT.value, body="")


@router.post("/api/v1/alerts/rules", body=AlertRule)
def add_alert_rule(use_case: Ingest, body: AlertRule) -> Response[str]:
    """Add an alert rule."""
    status = HTTPStatus.CREATED if use_case.alert_rules.add(body) else HTTPStatus.OK
    return json_response(status, body.as_json())


@router.delete("/api/v1/alerts/rules/<name>", parameters=ByAlertName)
def remove_alert_rule(use_case: Ingest, name: str) -> Response[str]:
    """Remove an alert rule. Its alert ends."""
    use_case.alert_rules.remove(name)
    return Response(HTTPStatus.NO_CONTENT.value, body="")


def _accepted(accepted: Accepted) -> AcceptedBody:
    identity = accepted.conversation.id
    return {"id": identity, "conversation_id": identity, "status": accepted.status}


def _result(index: int, item: Any, outcome: Outcome) -> BulkResultBody:
    if isinstance(outcome, RequestError):
        return {
            "index": index,
            "external_id": _external_id(item),
            "id": None,
            "conversation_id": None,
            "status": BulkStatus.REJECTED,
            "error": problem_body(outcome),
        }
    identity = outcome.conversation.id
    return {
        "index": index,
        "external_id": outcome.conversation.external_id,
        "id": identity,
        "conversation_id": identity,
        "status": BulkStatus(outcome.status),
    }


def _external_id(item: Any) -> str | None:
    """Return the ``external_id`` of a rejected item, unless it is too long for one."""
    value = item.get("external_id") if isinstance(item, dict) else None
    return value if isinstance(value, str) and len(value) <= MAX_EXTERNAL_ID_CHARS else None


def create_app(parts: Parts) -> HttpHandler[Ingest]:
    """Return the handler of the function's requests."""
    return wiring.http_handler(router, wiring.ingest(parts), parts)


app = create_app(wiring.parts())

ready()


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Process one request from API Gateway, and return the response."""
    return app(event, context)
