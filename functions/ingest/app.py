"""Conversations come in and go out: each route parses, calls the use case, maps its answer."""

from __future__ import annotations

from grok_insights.startup import ready

# isort: split
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from pydantic_core import core_schema as core

from grok_insights import wiring
from grok_insights.checked import Checked, check
from grok_insights.domain.conversation import NEW_CONVERSATION, NewConversation
from grok_insights.errors import RequestError
from grok_insights.http import BY_ID, Api, HttpHandler, json_response, problem_body
from grok_insights.ingest.conversations import Accepted, Outcome

MAX_BULK = 500

parts = wiring.parts()
api = Api(wiring.ingest(parts), parts.settings.cors_allowed_origins)
http_handler = HttpHandler(api, parts.counters, parts.rate_limit)


@dataclass(frozen=True, slots=True)
class Bulk:
    """Many conversations at once. Each item is looked at on its own."""

    conversations: list[Any] = field(
        metadata=check(core.list_schema(min_length=1, max_length=MAX_BULK))
    )


@api.post("/api/v1/conversations")
@api.takes(body=NEW_CONVERSATION)
def add_one(body: NewConversation) -> Response[str]:
    """Take in one conversation."""
    accepted = api.use_case.one(body)
    return json_response(
        HTTPStatus.ACCEPTED,
        _named(accepted),
        # Relative (RFC 9110, 10.2.2): the function cannot know under which prefix it is served.
        {"Location": f"insights/{accepted.conversation.id}"},
    )


@api.post("/api/v1/conversations/bulk")
@api.takes(body=Checked(Bulk))
def add_many(body: Bulk) -> Response[str]:
    """Take in up to 500 conversations; a bad one does not refuse the others."""
    outcomes = api.use_case.many(body.conversations)
    results = [
        {"index": index, **_external_id(item), **_result(outcome)}
        for index, (item, outcome) in enumerate(zip(body.conversations, outcomes, strict=True))
    ]
    accepted = sum(isinstance(outcome, Accepted) for outcome in outcomes)
    return json_response(
        HTTPStatus.ACCEPTED,
        {"accepted": accepted, "rejected": len(outcomes) - accepted, "results": results},
    )


@api.delete("/api/v1/conversations/<conversation_id>")
@api.takes(path=BY_ID)
def erase(conversation_id: UUID) -> Response[str]:
    """Take out a conversation and its insight, and what they added to the counters."""
    api.use_case.erase(str(conversation_id))
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


ready()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """AWS Lambda's entry: a request from API Gateway."""
    return http_handler(event, context)
