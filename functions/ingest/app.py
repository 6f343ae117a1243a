"""Conversations come in and go out: each route parses, calls the use case, maps its answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.depends import Depends
from pydantic import BaseModel, ConfigDict, Field

from grok_insights import wiring
from grok_insights.domain.conversation import NewConversation
from grok_insights.errors import RequestError
from grok_insights.http import Door, json_response, new_api, problem_body
from grok_insights.ingest import Accepted, Ingest, Outcome

MAX_BULK = 500

parts = wiring.parts()
service = wiring.ingest(parts)
api = new_api(parts.settings.cors_allowed_origins)
door = Door(api, parts.state, parts.rate_limit)


def ingest() -> Ingest:
    """The use case. Tests put one of their own in its place."""
    return service


class Bulk(BaseModel):
    """Many conversations at once. Each item is looked at on its own."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    conversations: Annotated[list[Any], Field(min_length=1, max_length=MAX_BULK)]


@api.post("/api/v1/conversations")
def add_one(new: NewConversation, use: Annotated[Ingest, Depends(ingest)]) -> Response[str]:
    """Take in one conversation."""
    accepted = use.one(new)
    return json_response(
        HTTPStatus.ACCEPTED,
        _named(accepted),
        # Relative (RFC 9110, 10.2.2): the function cannot know under which prefix it is served.
        {"Location": f"insights/{accepted.conversation.id}"},
    )


@api.post("/api/v1/conversations/bulk")
def add_many(bulk: Bulk, use: Annotated[Ingest, Depends(ingest)]) -> Response[str]:
    """Take in up to 500 conversations; a bad one does not refuse the others."""
    outcomes = use.many(bulk.conversations)
    results = [
        {"index": index, **_external_id(item), **_result(outcome)}
        for index, (item, outcome) in enumerate(zip(bulk.conversations, outcomes, strict=True))
    ]
    accepted = sum(isinstance(outcome, Accepted) for outcome in outcomes)
    return json_response(
        HTTPStatus.ACCEPTED,
        {"accepted": accepted, "rejected": len(outcomes) - accepted, "results": results},
    )


@api.delete("/api/v1/conversations/<conversation_id>")
def erase(conversation_id: UUID, use: Annotated[Ingest, Depends(ingest)]) -> Response[str]:
    """Take out a conversation and its insight, and what they added to the counters."""
    use.erase(str(conversation_id))
    return Response(HTTPStatus.NO_CONTENT.value, body="")


def _named(accepted: Accepted) -> dict[str, Any]:
    identity = accepted.conversation.id
    return {"id": identity, "conversation_id": identity, "status": accepted.status}


def _external_id(item: Any) -> dict[str, Any]:
    found = item.get("external_id") if isinstance(item, dict) else None
    return {"external_id": found if isinstance(found, str) else None}


def _result(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, RequestError):
        none = {"id": None, "conversation_id": None, "status": "rejected"}
        return {**none, "error": problem_body(outcome)}
    return _named(outcome)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """AWS Lambda's entry: a request from API Gateway."""
    return door(event, context)
