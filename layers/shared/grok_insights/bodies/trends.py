"""The body of the trends."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from grok_insights.bodies.fields import Count, Dollars, Timestamp
from grok_insights.domain.trends import Expiry, Interval


class TotalsBody(TypedDict):
    """The counters of some time."""

    count: Annotated[Count, Field(description="All insights.")]
    positive: Annotated[Count, Field(description="Insights with this sentiment.")]
    negative: Annotated[Count, Field(description="Insights with this sentiment.")]
    neutral: Annotated[Count, Field(description="Insights with this sentiment.")]
    failed: Annotated[Count, Field(description="Insights without an analysis.")]
    tokens_used: Annotated[Count, Field(description="Tokens of all calls.")]
    estimated_cost: Annotated[Dollars, Field(description="Cost of all calls.")]
    mean_processing_time_ms: Annotated[
        Count | None, Field(description="Milliseconds; null where there is no insight.")
    ]


class PointBody(TotalsBody):
    """The counters of one hour or one day."""

    start: Annotated[Timestamp, Field(description="When the hour or the day begins.")]


class TopicCountBody(TypedDict):
    """How often a topic was found."""

    topic: Annotated[str, Field(description="The topic in snake_case.", examples=["refund"])]
    count: Annotated[Count, Field(description="Insights with this topic.")]


class CountedLabelBody(TypedDict):
    """How often a value of a topic, field or segment was found, by sentiment."""

    label: Annotated[str, Field(description="Dimension and value.", examples=["topic:refund"])]
    value: Annotated[str, Field(description="The value.", examples=["refund"])]
    count: Annotated[Count, Field(description="Insights with this value.")]
    positive: Annotated[Count, Field(description="Those with this sentiment.")]
    negative: Annotated[Count, Field(description="Those with this sentiment.")]
    neutral: Annotated[Count, Field(description="Those with this sentiment.")]


class LabelCountBody(CountedLabelBody):
    """How often a value of a topic, field or segment was found, by sentiment."""

    series: NotRequired[
        Annotated[
            list[Count],
            Field(description="Insights of each point of the series. `interval=day` only."),
        ]
    ]


class RecountBody(TypedDict):
    """What a count of the insights themselves gives."""

    status: Annotated[Expiry, Field(description="Whether insights of the range have expired.")]
    expired: Annotated[Count, Field(description="Insights that were counted and have expired.")]
    totals: Annotated[TotalsBody, Field(description="The sums over the range.")]
    top_topics: Annotated[list[TopicCountBody], Field(description="The most frequent topics.")]


class DifferenceBody(TypedDict):
    """The counters minus the recount. All numbers are zero where the counters are right."""

    positive: Annotated[int, Field(description="Difference of the insights.")]
    negative: Annotated[int, Field(description="Difference of the insights.")]
    neutral: Annotated[int, Field(description="Difference of the insights.")]
    failed: Annotated[int, Field(description="Difference of the insights.")]
    tokens: Annotated[int, Field(description="Difference of the tokens.")]
    cost_ticks: Annotated[int, Field(description="Difference of the cost, in ticks.")]
    processing_ms: Annotated[int, Field(description="Difference of the time, in milliseconds.")]
    points: Annotated[Count, Field(description="Hours or days that differ.")]
    topics: Annotated[Count, Field(description="Topics whose counts differ.")]
    labels: Annotated[
        Count,
        Field(description="Values of fields and segments whose counts differ. By day only."),
    ]


# `from` is a keyword of Python.
_Range = TypedDict(
    "_Range",
    {
        "from": Annotated[Timestamp, Field(description="The start of the range; included.")],
        "to": Annotated[Timestamp, Field(description="The end of the range; not included.")],
    },
)


class TrendsBody(_Range):
    """The counters of a range, in total and by hour or day."""

    interval: Annotated[Interval, Field(description="The width of one point of the series.")]
    totals: Annotated[TotalsBody, Field(description="The sums over the range.")]
    series: Annotated[list[PointBody], Field(description="One point an hour or a day.")]
    by: Annotated[str, Field(description="The dimension of the labels.", examples=["topic"])]
    labels: Annotated[list[LabelCountBody], Field(description="The most frequent labels.")]
    top_topics: NotRequired[
        Annotated[
            list[TopicCountBody], Field(description="The most frequent topics. `by=topic` only.")
        ]
    ]
    recount: NotRequired[
        Annotated[RecountBody, Field(description="A new count of the insights. `verify` only.")]
    ]
    difference: NotRequired[
        Annotated[
            DifferenceBody,
            Field(
                description="Counters minus recount. `verify` only; absent if insights of the "
                "range have expired."
            ),
        ]
    ]
