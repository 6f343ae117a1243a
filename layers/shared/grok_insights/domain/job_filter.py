"""Which stored insights a job is about: the filters of a list, as JSON."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from grok_insights.domain.filters import InsightFilters, Value
from grok_insights.domain.labels import FIELD_PREFIX, SEGMENT_PREFIX, CountedLabel
from grok_insights.domain.selection import Selection
from grok_insights.validation import SNAKE_CASE

FieldName = Annotated[str, Field(pattern=SNAKE_CASE, max_length=40)]
SegmentName = Annotated[str, Field(min_length=1, max_length=64)]


class JobFilter(InsightFilters):
    """The filters. An insight must match all of them."""

    model_config = ConfigDict(serialize_by_alias=True)

    fields: dict[FieldName, Value] | None = Field(
        None, max_length=10, description="Only insights with these values of fields, by name."
    )
    segments: dict[SegmentName, Value] | None = Field(
        None, max_length=3, description="Only insights with these values of segments, by name."
    )

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
