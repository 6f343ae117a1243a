"""What the API answers, as models. Used for its description alone: no function loads them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from grok_insights.domain.insight import CostSource, Sentiment, Status
from grok_insights.domain.trends import Interval

ID = "0b5a4f5e-3c1f-5f0e-8f57-2f9d3c0f4a11"

Dollars = Annotated[str, Field(pattern=r"^\$[0-9]+\.[0-9]{5}$", examples=["$0.00017"])]
Identity = Annotated[UUID, Field(examples=[ID])]
Count = Annotated[int, Field(ge=0)]
State = Literal["enqueued", "completed", "failed"]


class Model(BaseModel):
    """Base of all: an answer has the fields that are named here, and no others."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Fault(Model):
    """One thing wrong with a request."""

    location: Annotated[str, Field(examples=["query.limit", "body.text"])]
    message: str


class Problem(Model):
    """What went wrong, after RFC 9457."""

    type: Annotated[str, Field(examples=["about:blank"])]
    title: Annotated[str, Field(examples=["Unprocessable Content"])]
    status: Annotated[int, Field(ge=400, le=599, examples=[422])]
    detail: Annotated[str, Field(examples=["the request is not valid"])]
    errors: list[Fault] | None = None
    """The fields at fault, for invalid input."""


class Accepted(Model):
    """A conversation that is stored and will be analysed, or was."""

    id: Identity
    conversation_id: Identity
    status: State


class BulkResult(Model):
    """What became of one conversation of many."""

    index: Count
    external_id: str | None
    id: UUID | None
    conversation_id: UUID | None
    status: Literal["enqueued", "completed", "failed", "rejected"]
    error: Problem | None = None


class BulkAccepted(Model):
    """What became of each conversation, in the order they were sent in."""

    accepted: Count
    rejected: Count
    results: list[BulkResult]


class Conversation(Model):
    """A conversation as it was sent."""

    id: Identity
    external_id: str | None
    text: str
    metadata: dict[str, Any] | None
    created_at: datetime
    status: State


class Waiting(Model):
    """The conversation is there, and its insight not yet."""

    id: Identity
    conversation_id: Identity
    status: Literal["enqueued"]


class Failure(Model):
    """Why a conversation has no analysis."""

    code: str
    message: str


class Meta(Model):
    """How the insight was made, and what it cost."""

    mock: bool
    latency: Annotated[float, Field(ge=0)]
    """Seconds of the last call."""
    estimated_tokens: Count
    estimated_cost: Dollars
    cost_in_usd_ticks: Count
    """10,000,000,000 ticks are a dollar."""
    cost_source: CostSource
    model: str
    attempts: Count
    prompt_version: str


class Insight(Model):
    """What the analysis of one conversation says. A failed one has `error` instead."""

    id: Identity
    conversation_id: Identity
    external_id: str | None = None
    status: Status
    summary: str | None = None
    sentiment: Sentiment | None = None
    topics: Annotated[list[str] | None, Field(max_length=5, examples=[["refund"]])] = None
    error: Failure | None = None
    tokens_used: Count
    estimated_cost: Dollars
    processing_time_ms: Count
    grok_model: str
    created_at: datetime
    meta: Meta


class Page(Model):
    """Insights, newest first. `next_cursor` is null on the last page."""

    items: list[Insight]
    next_cursor: str | None


class Totals(Model):
    """Counters of some time."""

    count: Count
    positive: Count
    negative: Count
    neutral: Count
    failed: Count
    tokens_used: Count
    estimated_cost: Dollars
    mean_processing_time_ms: int | None


class Point(Totals):
    """Counters of one hour or day."""

    start: datetime


class Topic(Model):
    """How often a topic came up."""

    topic: str
    count: Count


class Recount(Model):
    """What the insights themselves add up to."""

    totals: Totals
    top_topics: list[Topic]


class Difference(Model):
    """Counters less recount, and how many points and topics differ. Always zero."""

    positive: int
    negative: int
    neutral: int
    failed: int
    tokens: int
    cost_ticks: int
    processing_ms: int
    points: Count
    topics: Count


Start = Annotated[datetime, Field(alias="from")]
End = Annotated[datetime, Field(alias="to")]


class Trends(Model):
    """Counters of a range, in total and point by point."""

    from_: Start
    to_: End
    interval: Interval
    totals: Totals
    series: list[Point]
    top_topics: list[Topic]
    recount: Recount | None = None
    """With `verify` only."""
    difference: Difference | None = None
    """With `verify` only."""


class Health(BaseModel):
    """Whether conversations that come in are being analysed, and why not."""

    model_config = ConfigDict(extra="allow")

    status: Annotated[str, Field(examples=["healthy"])]


ALL = (Problem, Accepted, BulkAccepted, Conversation, Waiting, Insight, Page, Trends, Health)
