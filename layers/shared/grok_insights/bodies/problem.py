"""The body of an error."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict


class FaultBody(TypedDict):
    """One thing that is wrong with a request."""

    location: Annotated[
        str, Field(description="The field at fault.", examples=["query.limit", "body.text"])
    ]
    message: Annotated[str, Field(description="What is wrong with it.", examples=["is missing"])]


class ProblemBody(TypedDict):
    """What went wrong, as RFC 9457 problem details."""

    type: Annotated[str, Field(description="Always `about:blank`.", examples=["about:blank"])]
    title: Annotated[
        str, Field(description="The name of the status.", examples=["Unprocessable Content"])
    ]
    status: Annotated[int, Field(description="The status code.", ge=400, le=599, examples=[422])]
    detail: Annotated[
        str, Field(description="What went wrong.", examples=["the request is not valid"])
    ]
    errors: NotRequired[
        Annotated[
            list[FaultBody],
            Field(description="The fields at fault, for invalid input: the first five."),
        ]
    ]
