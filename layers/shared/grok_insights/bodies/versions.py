"""The bodies of responses about versions of insights."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from grok_insights.bodies.insights import InsightBody

Revision = Annotated[int, Field(ge=1)]


class InsightVersionBody(TypedDict):
    """An insight as it is now, or as it was before a job replaced it."""

    revision: Annotated[Revision, Field(description="It grows with each replacement.")]
    current: Annotated[bool, Field(description="Whether it is the present insight.")]
    insight: Annotated[InsightBody, Field(description="The insight.")]


class ChangeBody(TypedDict):
    """A value that differs between two versions."""

    name: Annotated[
        str,
        Field(description="`sentiment`, `topics`, `field.NAME` …", examples=["sentiment"]),
    ]
    before: Annotated[Any, Field(description="The value before; null if there was none.")]
    after: Annotated[Any, Field(description="The value after; null if there is none.")]


DiffBody = TypedDict(
    "DiffBody",
    {
        "from": Annotated[Revision, Field(description="The revision before.")],
        "to": Annotated[Revision, Field(description="The revision after.")],
        "changes": Annotated[list[ChangeBody], Field(description="What differs.")],
    },
)


DiffBody.__doc__ = "What differs between two versions."


class InsightVersionsBody(TypedDict):
    """The versions of an insight, newest first, and the comparison of two."""

    items: Annotated[
        list[InsightVersionBody],
        Field(max_length=6, description="The present insight and at most 5 before it."),
    ]
    diff: Annotated[DiffBody | None, Field(description="Null if there is nothing to compare.")]
