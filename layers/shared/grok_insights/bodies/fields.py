"""The types of fields that several bodies have."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

ConversationId = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Count = Annotated[int, Field(ge=0)]
Timestamp = Annotated[
    str,
    Field(json_schema_extra={"format": "date-time"}, examples=["2026-11-23T10:15:00.123Z"]),
]
"""An instant in UTC, to the millisecond."""

Dollars = Annotated[str, Field(pattern=r"^\$[0-9]+\.[0-9]{5}$", examples=["$0.00017"])]
