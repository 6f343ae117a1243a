"""The body of the movers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from grok_insights.bodies.fields import Count, Timestamp

Share = Annotated[float, Field(ge=0, le=1)]
"""A share of conversations, from 0 to 1."""


class MoverBody(TypedDict):
    """A label, compared with the period before."""

    label: Annotated[str, Field(description="Dimension and value.", examples=["topic:refund"])]
    value: Annotated[str, Field(description="The value.", examples=["refund"])]
    count: Annotated[Count, Field(description="Conversations with this label.")]
    count_before: Annotated[Count, Field(description="The same, in the period before.")]
    share: Annotated[Share, Field(description="Share of the completed conversations.")]
    share_before: Annotated[Share, Field(description="The same, in the period before.")]
    change: Annotated[float, Field(description="Difference of the shares.", ge=-1, le=1)]
    negative_share: Annotated[
        Share | None, Field(description="Share of negative ones of those with this label.")
    ]
    negative_share_before: Annotated[
        Share | None, Field(description="The same, in the period before.")
    ]
    p_value: Annotated[
        Share, Field(description="Probability of such a difference if nothing had changed.")
    ]
    significant: Annotated[
        bool, Field(description="True if volume and the number of labels support the change.")
    ]


# `from` is a keyword of Python.
_Span = TypedDict(
    "_Span",
    {
        "from": Annotated[Timestamp, Field(description="Its start, included.")],
        "to": Annotated[Timestamp, Field(description="Its end, not included.")],
    },
)


class PeriodBody(_Span):
    """A period that is compared, without the hours or days that are not over."""

    completed: Annotated[Count, Field(description="Its completed conversations.")]


class ChangesBody(TypedDict):
    """What changed against the period before: significant changes first, then the largest."""

    by: Annotated[str, Field(description="The dimension of the labels.", examples=["topic"])]
    period: Annotated[PeriodBody, Field(description="The period.")]
    before: Annotated[PeriodBody, Field(description="The period before.")]
    movers: Annotated[list[MoverBody], Field(description="Labels of both periods.")]
