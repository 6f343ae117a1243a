"""The bodies of alert rules and alerts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from grok_insights.bodies.fields import Count, Timestamp
from grok_insights.domain.alert_rules import Measure, Window
from grok_insights.domain.alerts import AlertStatus

AlertId = Annotated[str, Field(json_schema_extra={"format": "uuid"})]


class StoredRuleBody(TypedDict):
    """An alert rule with all defaults filled in."""

    name: Annotated[str, Field(description="The name of the rule.", examples=["many-refunds"])]
    label: Annotated[str, Field(description="What is counted.", examples=["topic:refund"])]
    measure: Annotated[Measure, Field(description="What is compared with the limit.")]
    above: Annotated[float, Field(description="The limit.", ge=0)]
    minimum: Annotated[Count, Field(description="Completed conversations that are needed.")]
    window: Annotated[Window, Field(description="The length of a window.")]


# `from` is a keyword of Python.
_Span = TypedDict(
    "_Span",
    {
        "from": Annotated[Timestamp, Field(description="Its start, included.")],
        "to": Annotated[Timestamp, Field(description="Its end, not included.")],
    },
)


class AlertWindowBody(_Span):
    """A window of a rule."""


class AlertBody(TypedDict):
    """A breach of a rule. The numbers are those with which it was first seen."""

    id: Annotated[AlertId, Field(description="Id of the alert.")]
    status: Annotated[AlertStatus, Field(description="Whether the rule is still breached.")]
    rule: Annotated[StoredRuleBody, Field(description="The rule, as it was at the breach.")]
    since: Annotated[Timestamp, Field(description="When the breach was first seen.")]
    ended_at: Annotated[
        Timestamp | None, Field(description="When its end was seen. Null if it has not ended.")
    ]
    window: Annotated[AlertWindowBody, Field(description="The window that breached the rule.")]
    count: Annotated[Count, Field(description="Conversations with the label in the window.")]
    completed: Annotated[Count, Field(description="Completed conversations of the window.")]
    value: Annotated[float, Field(description="What was compared with the limit.")]


class AlertsBody(TypedDict):
    """Alerts, newest first."""

    items: Annotated[list[AlertBody], Field(description="The alerts.")]


class AlertRulesBody(TypedDict):
    """All alert rules, in the order of their names."""

    items: Annotated[list[StoredRuleBody], Field(description="The rules.")]
