"""The ingest function with Powertools' event handler and its validation."""

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
    """Accept one conversation."""
    accepted = use.one(new.read())
    location = {"Location": f"insights/{accepted.conversation.id}"}
    return Response(202, "application/json", named(accepted), location)


@app.post("/api/v1/conversations/bulk")
def add_many(bulk: SentBulk) -> Response[dict[str, Any]]:
    """Accept many conversations."""
    outcomes = use.many(bulk.conversations)
    return Response(202, "application/json", of_many(bulk.conversations, outcomes))


@app.delete("/api/v1/conversations/<conversation_id>")
def erase(conversation_id: UUID) -> Response[str]:
    """Delete one conversation."""
    use.erase(str(conversation_id))
    return made("", 204)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle an event from AWS Lambda."""
    return app.resolve(event, context)
