"""The ingest function by Powertools' event handler, with its validation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response

from benchmarks.baselines.models import Sent, SentBulk
from benchmarks.baselines.parts import parts
from benchmarks.baselines.powertools_handler import made, new_app
from benchmarks.baselines.responses import named, of_many
from grok_insights import wiring

use = wiring.ingest(parts)
app = new_app()


@app.post("/api/v1/conversations")
def add_one(new: Sent) -> Response[dict[str, Any]]:
    """Take in one conversation."""
    accepted = use.one(new.read())
    location = {"Location": f"insights/{accepted.conversation.id}"}
    return Response(202, "application/json", named(accepted), location)


@app.post("/api/v1/conversations/bulk")
def add_many(bulk: SentBulk) -> Response[dict[str, Any]]:
    """Take in many."""
    outcomes = use.many(bulk.conversations)
    return Response(202, "application/json", of_many(bulk.conversations, outcomes))


@app.delete("/api/v1/conversations/<conversation_id>")
def erase(conversation_id: UUID) -> Response[str]:
    """Take one out."""
    use.erase(str(conversation_id))
    return made("", 204)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """AWS Lambda's entry."""
    return app.resolve(event, context)
