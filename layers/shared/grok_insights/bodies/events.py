"""The details of events. `docs/events.md` has the schemas that are made from these types.

They contain no text of a conversation, no summary, no quotes and no text fields.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, NamedTuple, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from grok_insights.bodies.alerts import AlertWindowBody, StoredRuleBody
from grok_insights.bodies.fields import ConversationId, Count, Timestamp
from grok_insights.domain.alerts import AlertStatus
from grok_insights.domain.events import EventType, Reason
from grok_insights.domain.insight import MAX_TOPICS, FieldValue, Sentiment

EventId = Annotated[
    str,
    Field(
        description="Id of this event. It is the same each time that the event is sent.",
        json_schema_extra={"format": "uuid"},
    ),
]
Id = Annotated[ConversationId, Field(description="Id of the conversation and of its insight.")]
SameId = Annotated[ConversationId, Field(description="The same id.")]
ExternalId = Annotated[str, Field(description="The client's own name for the conversation.")]
OccurredAt = Annotated[Timestamp, Field(description="When the conversation took place.")]
Generation = Annotated[
    Count,
    Field(
        description="Grows when the conversation is erased or expires, and is sent again.",
        examples=[1_795_428_900_123],
    ),
]
Sequence = Annotated[
    Count,
    Field(
        description="Grows with each change of the conversation's insight. It orders the events"
        " of one generation.",
        examples=[1],
    ),
]
Segments = Annotated[
    dict[str, str],
    Field(
        description="The segments of the conversation by name; empty if it has none.",
        examples=[{"channel": "chat"}],
    ),
]


class InsightCompletedBody(TypedDict):
    """The detail of `insight.completed`: a conversation was analysed."""

    event_id: EventId
    id: Id
    conversation_id: SameId
    external_id: NotRequired[ExternalId]
    occurred_at: OccurredAt
    generation: Generation
    sequence: Sequence
    reason: Annotated[Reason, Field(description="Why the insight was stored.")]
    sentiment: Annotated[Sentiment, Field(description="How the customer feels.")]
    topics: Annotated[
        list[str],
        Field(
            description="Topics in snake_case, the most important first.",
            max_length=MAX_TOPICS,
            examples=[["delivery_delay", "refund"]],
        ),
    ]
    fields: Annotated[
        dict[str, FieldValue],
        Field(
            description="The fields of the profile that are counted, by name. A field is absent if"
            " the conversation does not say it, or if it is a text.",
            examples=[{"churn_risk": "high", "resolved": False}],
        ),
    ]
    segments: Segments


class InsightFailedBody(TypedDict):
    """The detail of `insight.failed`: a conversation has no analysis, and nothing will retry it."""

    event_id: EventId
    id: Id
    conversation_id: SameId
    external_id: NotRequired[ExternalId]
    occurred_at: OccurredAt
    generation: Generation
    sequence: Sequence
    reason: Annotated[Reason, Field(description="Why the failed insight was stored.")]
    error_code: Annotated[
        str, Field(description="Why there is no analysis, for programs.", examples=["timeout"])
    ]
    segments: Segments


class ConversationErasedBody(TypedDict):
    """The detail of `conversation.erased`: text, insight and counts of a conversation are gone."""

    event_id: EventId
    id: Id
    conversation_id: SameId
    generation: Generation
    sequence: Sequence


class TrendAlertBody(TypedDict):
    """The detail of `trend.alert`: a breach of an alert rule has begun or ended."""

    event_id: EventId
    alert_id: Annotated[
        str,
        Field(
            description="Id of the alert. Its begin and its end have the same.",
            json_schema_extra={"format": "uuid"},
        ),
    ]
    status: Annotated[AlertStatus, Field(description="Whether the breach has begun or ended.")]
    rule: Annotated[StoredRuleBody, Field(description="The rule, as it was when it was breached.")]
    since: Annotated[Timestamp, Field(description="When the breach was first seen.")]
    ended_at: NotRequired[Annotated[Timestamp, Field(description="When the end was seen.")]]
    window: Annotated[
        AlertWindowBody, Field(description="`from` and `to` of the window that breached the rule.")
    ]
    count: Annotated[Count, Field(description="Conversations with the label in this window.")]
    completed: Annotated[Count, Field(description="Completed conversations of this window.")]
    value: Annotated[
        float, Field(description="The count or the share that was compared with the limit.")
    ]


EVENT_BODIES: Final = {
    EventType.INSIGHT_COMPLETED: InsightCompletedBody,
    EventType.INSIGHT_FAILED: InsightFailedBody,
    EventType.CONVERSATION_ERASED: ConversationErasedBody,
    EventType.TREND_ALERT: TrendAlertBody,
}
"""The type of the detail of each event."""


class Event(NamedTuple):
    """An event: what happened, and its detail, which has the type that `EVENT_BODIES` names."""

    type: EventType
    detail: dict[str, Any]
