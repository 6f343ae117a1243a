"""The bodies of responses about conversations."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from grok_insights.bodies.fields import ConversationId, Count, Timestamp
from grok_insights.bodies.problem import ProblemBody
from grok_insights.domain.conversation import ConversationStatus, Role


class BulkStatus(StrEnum):
    """How far one conversation of a bulk request is, or that it was rejected."""

    ENQUEUED = "enqueued"
    COMPLETED = "completed"
    FAILED = "failed"
    REJECTED = "rejected"


class AcceptedBody(TypedDict):
    """A conversation that is stored, and is or was analysed."""

    id: Annotated[ConversationId, Field(description="Id of the insight.")]
    conversation_id: Annotated[ConversationId, Field(description="The same id.")]
    status: Annotated[ConversationStatus, Field(description="How far the conversation is.")]


class BulkResultBody(TypedDict):
    """The result of one conversation of a bulk request."""

    index: Annotated[Count, Field(description="Place in the request, from 0.")]
    external_id: Annotated[
        str | None, Field(description="As sent; null where none, or no valid one, was sent.")
    ]
    id: Annotated[ConversationId | None, Field(description="Id of the insight; null if rejected.")]
    conversation_id: Annotated[ConversationId | None, Field(description="The same id.")]
    status: Annotated[BulkStatus, Field(description="How far the conversation is.")]
    error: NotRequired[Annotated[ProblemBody, Field(description="Why it was rejected.")]]


class BulkAcceptedBody(TypedDict):
    """The result of each conversation, in the order of the request."""

    accepted: Annotated[Count, Field(description="Conversations that were accepted.")]
    rejected: Annotated[Count, Field(description="Conversations that were rejected.")]
    results: Annotated[list[BulkResultBody], Field(description="One result a conversation.")]


class WaitingBody(TypedDict):
    """A conversation that waits to be analysed."""

    id: Annotated[ConversationId, Field(description="Id of the insight to come.")]
    conversation_id: Annotated[ConversationId, Field(description="The same id.")]
    status: Annotated[ConversationStatus, Field(description="Always `enqueued`.")]


class MessageBody(TypedDict):
    """One message of a conversation, as it was sent."""

    role: Annotated[Role, Field(description="Who says it.")]
    text: Annotated[str, Field(description="What is said.")]
    at: Annotated[Timestamp | None, Field(description="When; null where no time was sent.")]
    name: Annotated[str | None, Field(description="The speaker; null where no name was sent.")]


class ConversationBody(TypedDict):
    """A conversation as it was sent: with a text or with messages."""

    id: Annotated[ConversationId, Field(description="Id of the conversation.")]
    external_id: Annotated[str | None, Field(description="As sent; null where none was sent.")]
    text: Annotated[str | None, Field(description="As sent; null where messages were sent.")]
    messages: Annotated[
        list[MessageBody] | None, Field(description="As sent; null where a text was sent.")
    ]
    metadata: Annotated[
        dict[str, Any] | None, Field(description="As sent; null where none was sent.")
    ]
    occurred_at: Annotated[Timestamp, Field(description="When it took place.")]
    created_at: Annotated[Timestamp, Field(description="When it was accepted.")]
    status: Annotated[ConversationStatus, Field(description="How far the conversation is.")]
