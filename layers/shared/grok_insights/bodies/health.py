"""The body of the health check."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from grok_insights.bodies.fields import Count, Timestamp

CircuitWord = Literal["closed", "open", "half_open", "unknown"]


class WorkerBody(TypedDict):
    """Whether calls to Grok may start; all but `state` only where they may not."""

    state: Annotated[Literal["running", "paused"], Field(description="Whether calls may start.")]
    reason: NotRequired[Annotated[str, Field(description="Why not, for programs.")]]
    detail: NotRequired[Annotated[str, Field(description="Why not, for people.")]]
    since: NotRequired[Annotated[Timestamp, Field(description="Since when, where it is known.")]]
    until: NotRequired[Annotated[Timestamp, Field(description="Until when, where it is known.")]]


class QueueBody(TypedDict):
    """The queue of conversations that wait."""

    depth: Annotated[
        Count | None, Field(description="Conversations that wait; null where SQS does not answer.")
    ]


class HealthBody(TypedDict):
    """Whether conversations are being analysed, and why not. Every field is always there."""

    status: Annotated[Literal["healthy", "unhealthy"], Field(description="The result.")]
    database: Annotated[Literal["reachable", "unreachable"], Field(description="DynamoDB.")]
    worker: Annotated[WorkerBody, Field(description="Whether calls may start.")]
    circuit: Annotated[
        CircuitWord,
        Field(description="The circuit breaker; unknown where its state cannot be read."),
    ]
    queue: Annotated[QueueBody, Field(description="The queue.")]
    dead_letters: Annotated[
        Count | None, Field(description="Messages that failed; null where SQS does not answer.")
    ]
    batch_size: Annotated[
        Count | None, Field(description="Calls at one time; null where it cannot be read.")
    ]
    mode: Annotated[Literal["mock", "real"], Field(description="Heuristics, or Grok itself.")]
