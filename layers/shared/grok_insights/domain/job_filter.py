"""Which stored insights a job is about: the filters of a list, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from grok_insights.domain.insight import Sentiment, Status
from grok_insights.domain.labels import FIELD_PREFIX, SEGMENT_PREFIX, CountedLabel
from grok_insights.domain.selection import Selection, within_calendar
from grok_insights.domain.timestamps import Instant
from grok_insights.validation import SNAKE_CASE, Model

FieldName = Annotated[str, Field(pattern=SNAKE_CASE, max_length=40)]
SegmentName = Annotated[str, Field(min_length=1, max_length=64)]
Value = Annotated[str, Field(min_length=1, max_length=100)]


class JobFilter(Model):
    """The filters. An insight must match all of them."""

    model_config = ConfigDict(serialize_by_alias=True)

    end: Instant | None = Field(
        None, alias="to", description="The end of the range, RFC 3339 with a zone; not included."
    )
    start: Instant | None = Field(
        None, alias="from", description="The start of the range, RFC 3339 with a zone; included."
    )
    sentiment: Sentiment | None = Field(None, description="Only insights with this sentiment.")
    status: Status | None = Field(None, description="Only insights that ended like this.")
    topic: Value | None = Field(None, description="Only insights with this topic.")
    fields: dict[FieldName, Value] | None = Field(
        None, max_length=10, description="Only insights with these values of fields, by name."
    )
    segments: dict[SegmentName, Value] | None = Field(
        None, max_length=3, description="Only insights with these values of segments, by name."
    )

    @field_validator("start")
    @classmethod
    def _is_not_after_the_end(cls, start: datetime | None, info: ValidationInfo) -> datetime | None:
        end = info.data.get("end")
        if start and end and within_calendar(start) > within_calendar(end):
            raise ValueError("must not be after to")
        return start

    def selection(self) -> Selection:
        """Return the filters as those of a list."""
        labels = [
            *(CountedLabel(f"{FIELD_PREFIX}{k}", v) for k, v in (self.fields or {}).items()),
            *(CountedLabel(f"{SEGMENT_PREFIX}{k}", v) for k, v in (self.segments or {}).items()),
        ]
        return Selection(
            sentiment=self.sentiment,
            status=self.status,
            topic=self.topic,
            start=self.start,
            end=self.end,
            labels=tuple(sorted(labels)),
        )
