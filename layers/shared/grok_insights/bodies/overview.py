"""The body of the overview."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from grok_insights.bodies.fields import Count, Dollars, Timestamp
from grok_insights.bodies.health import HealthBody
from grok_insights.bodies.insights import InsightBody
from grok_insights.bodies.trends import CountedLabelBody
from grok_insights.domain.trends import Interval

Share = Annotated[float, Field(ge=0, le=1)]
Change = Annotated[float, Field(ge=-1, le=1)]


class KindCountsBody(TypedDict):
    """How many insights there are, by sentiment."""

    count: Annotated[Count, Field(description="All insights.")]
    positive: Annotated[Count, Field(description="Insights with this sentiment.")]
    negative: Annotated[Count, Field(description="Insights with this sentiment.")]
    neutral: Annotated[Count, Field(description="Insights with this sentiment.")]
    failed: Annotated[Count, Field(description="Insights without an analysis.")]


class OverviewPointBody(KindCountsBody):
    """The insights of one hour or one day."""

    start: Annotated[Timestamp, Field(description="When the hour or the day begins.")]


_Span = TypedDict(
    "_Span",
    {
        "from": Annotated[Timestamp, Field(description="Its start, included.")],
        "to": Annotated[Timestamp, Field(description="Its end, not included.")],
    },
)


class SpanCountsBody(_Span, KindCountsBody):
    """The insights of a time range."""


class ComparisonBody(TypedDict):
    """The part of the range that is over, and as long a part of the range before."""

    period: Annotated[SpanCountsBody, Field(description="The hours or days that are over.")]
    before: Annotated[SpanCountsBody, Field(description="As many of the range before.")]


class UsageBody(TypedDict):
    """What the analyses of the range used, whatever the filters are."""

    tokens_used: Annotated[Count, Field(description="Tokens of all calls.")]
    estimated_cost: Annotated[Dollars, Field(description="Cost of all calls.")]
    mean_processing_time_ms: Annotated[
        Count | None, Field(description="Milliseconds; null where there is no insight.")
    ]


class OverviewLabelBody(CountedLabelBody):
    """How often a value of a topic, field or segment was found, by sentiment."""

    change: NotRequired[
        Annotated[Change, Field(description="Difference of the shares, see `movers`. Topics only.")]
    ]


class DimensionBody(_Span):
    """The values of a topic, a field or a segment. Fields and segments are counted by day."""

    by: Annotated[str, Field(description="The dimension.", examples=["field.churn_risk"])]
    labels: Annotated[list[OverviewLabelBody], Field(description="The most frequent values.")]


class OverviewMoverBody(TypedDict):
    """A topic whose share changed by more than chance explains."""

    label: Annotated[str, Field(description="Dimension and value.", examples=["topic:refund"])]
    value: Annotated[str, Field(description="The value.", examples=["refund"])]
    count: Annotated[Count, Field(description="Conversations with this topic.")]
    count_before: Annotated[Count, Field(description="The same, in the period before.")]
    share: Annotated[Share, Field(description="Share of the completed conversations.")]
    change: Annotated[Change, Field(description="Difference to the share in the period before.")]
    negative_share: Annotated[
        Share | None, Field(description="Share of negative ones of those with this topic.")
    ]
    series: Annotated[
        list[Count], Field(description="Conversations of each point, of both periods.")
    ]


class BudgetBody(TypedDict):
    """The money spent since midnight UTC, in US dollars."""

    daily_usd: Annotated[float, Field(description="The daily budget; 0 for none.", ge=0)]
    spent_usd: Annotated[
        float | None, Field(description="What is spent; null where it cannot be read.", ge=0)
    ]


class OverviewBody(_Span):
    """All that one refresh of the dashboard shows."""

    interval: Annotated[Interval, Field(description="The width of one point of the series.")]
    counted: Annotated[
        str | None,
        Field(
            description="The one label that the counts and the series are filtered by; null for "
            "all insights.",
            examples=["topic:refund"],
        ),
    ]
    matches: Annotated[
        Count | None,
        Field(description="How many insights match all filters; null where no counter knows it."),
    ]
    counts: Annotated[KindCountsBody, Field(description="The sums over the range.")]
    series: Annotated[list[OverviewPointBody], Field(description="One point an hour or a day.")]
    series_before: Annotated[
        list[OverviewPointBody], Field(description="The same for the range before.")
    ]
    comparison: Annotated[
        ComparisonBody | None, Field(description="Null while no hour or day of the range is over.")
    ]
    usage: Annotated[UsageBody, Field(description="What the analyses used.")]
    movers: Annotated[
        list[OverviewMoverBody],
        Field(description="The topics of all conversations with the largest significant changes."),
    ]
    dimensions: Annotated[
        list[DimensionBody],
        Field(description="Topics, then the counted fields and segments of the profile."),
    ]
    status: Annotated[HealthBody, Field(description="The same as `/health`.")]
    budget: Annotated[BudgetBody, Field(description="The spending of today.")]
    items: Annotated[list[InsightBody], Field(description="The newest insights that match.")]
    next_cursor: Annotated[
        str | None,
        Field(description="The cursor of `/api/v1/insights` with the same filters and range."),
    ]
