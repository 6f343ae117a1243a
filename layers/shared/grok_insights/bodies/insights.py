"""The bodies of responses about insights."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from grok_insights.bodies.fields import ConversationId, Count, Dollars, Timestamp
from grok_insights.domain.insight import MAX_TOPICS, CostSource, Sentiment, Status


class FailureBody(TypedDict):
    """Why a conversation has no analysis."""

    code: Annotated[str, Field(description="The reason, for programs.", examples=["timeout"])]
    message: Annotated[str, Field(description="The reason, for people.")]


class MetaBody(TypedDict):
    """How the insight was made, and what it cost."""

    mock: Annotated[bool, Field(description="True where heuristics analysed, and not Grok.")]
    latency: Annotated[float, Field(description="Seconds of the last call.", ge=0)]
    estimated_tokens: Annotated[Count, Field(description="Tokens of all calls.")]
    estimated_cost: Annotated[Dollars, Field(description="Cost of all calls.")]
    cost_in_usd_ticks: Annotated[
        Count, Field(description="The same; 10,000,000,000 ticks are a dollar.")
    ]
    cost_source: Annotated[CostSource, Field(description="Where the cost comes from.")]
    model: Annotated[str, Field(description="The model that analysed.")]
    attempts: Annotated[Count, Field(description="Calls for this conversation.")]
    prompt_version: Annotated[str, Field(description="The version of the prompt.")]
    profile_version: Annotated[Count, Field(description="The version of the profile.")]
    mapping_version: NotRequired[
        Annotated[
            Count,
            Field(description="The version of the profile by which a remap has changed it last."),
        ]
    ]
    unverified_quotes: NotRequired[
        Annotated[Count, Field(description="Quotes of Grok that are not in the conversation.")]
    ]


class QuoteBody(TypedDict):
    """A verbatim span of the conversation."""

    text: Annotated[str, Field(description="The words.")]
    start: Annotated[Count, Field(description="Where it begins, in code points of the text.")]
    end: Annotated[Count, Field(description="Where it ends; not included.")]
    turn: NotRequired[
        Annotated[Count, Field(description="The turn whose text it is from, counted from 0.")]
    ]


class OutcomeBody(TypedDict):
    """How an analysis ended, and what it cost."""

    status: Annotated[Status, Field(description="How the analysis ended.")]
    summary: NotRequired[Annotated[str, Field(description="What the customer wants.")]]
    sentiment: NotRequired[Annotated[Sentiment, Field(description="How the customer feels.")]]
    topics: NotRequired[
        Annotated[
            list[str],
            Field(
                description="Topics in snake_case, the most important first.",
                max_length=MAX_TOPICS,
                examples=[["delivery_delay", "refund"]],
            ),
        ]
    ]
    fields: NotRequired[
        Annotated[
            dict[str, str | bool | int | None],
            Field(
                description="The profile's questions, by name; null where the conversation does "
                "not say.",
                examples=[{"churn_risk": "high", "resolved": False, "competitor": None}],
            ),
        ]
    ]
    quotes: NotRequired[
        Annotated[list[QuoteBody], Field(description="What supports sentiment and topics.")]
    ]
    segments: NotRequired[
        Annotated[
            dict[str, str],
            Field(
                description="Values of the metadata that the profile names.",
                examples=[{"channel": "chat"}],
            ),
        ]
    ]
    error: NotRequired[Annotated[FailureBody, Field(description="Why there is no analysis.")]]
    tokens_used: Annotated[Count, Field(description="Tokens of all calls.")]
    estimated_cost: Annotated[Dollars, Field(description="Cost of all calls.")]
    processing_time_ms: Annotated[Count, Field(description="Milliseconds of the analysis.")]
    grok_model: Annotated[str, Field(description="The model that analysed.")]


class InsightBody(OutcomeBody):
    """The analysis of one conversation. A failed one has `error` instead of the analysis."""

    id: Annotated[ConversationId, Field(description="Id of the insight.")]
    conversation_id: Annotated[ConversationId, Field(description="The same id.")]
    external_id: NotRequired[
        Annotated[str, Field(description="The client's own name for the conversation.")]
    ]
    occurred_at: Annotated[Timestamp, Field(description="When the conversation took place.")]
    created_at: Annotated[Timestamp, Field(description="When the analysis ended.")]
    meta: Annotated[MetaBody, Field(description="How the insight was made.")]


class PreviewBody(OutcomeBody):
    """The analysis of a conversation that is not stored."""

    mock: Annotated[bool, Field(description="True where heuristics analysed, and not Grok.")]


class PageBody(TypedDict):
    """Insights, newest first."""

    items: Annotated[list[InsightBody], Field(description="The insights of this page.")]
    next_cursor: Annotated[
        str | None, Field(description="The cursor of the next page; null on the last one.")
    ]
