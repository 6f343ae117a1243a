"""The ingest function with FastAPI and Mangum."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import Response
from mangum import Mangum

from benchmarks.baselines.fastapi_handler import new_app, new_router
from benchmarks.baselines.models import Sent, SentBulk
from benchmarks.baselines.parts import parts
from benchmarks.baselines.responses import named, of_many
from grok_insights import wiring

use = wiring.ingest(parts)
app, router = new_app(), new_router()


@router.post("/conversations", status_code=202)
def add_one(new: Sent, response: Response) -> dict[str, Any]:
    """Accept one conversation."""
    accepted = use.one(new.read())
    response.headers["Location"] = f"insights/{accepted.conversation.id}"
    return named(accepted)


@router.post("/conversations/bulk", status_code=202)
def add_many(bulk: SentBulk) -> dict[str, Any]:
    """Accept many conversations."""
    return of_many(bulk.conversations, use.many(bulk.conversations))


@router.delete("/conversations/{conversation_id}", status_code=204)
def erase(conversation_id: UUID) -> None:
    """Delete one conversation."""
    use.erase(str(conversation_id))


app.include_router(router)
handler = Mangum(app, lifespan="off")
