"""Which stored insights a job is about: the filters of a list, as JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

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

    conversation_id: UUID | None = Field(
        None, description="Only the insight of the conversation with this id."
    )

    @model_validator(mode="after")
    def _names_one_conversation(self) -> Self:
        if self.conversation_id and self.external_id:
            raise ValueError("has conversation_id or external_id, not both")
        return self

    def selection(self) -> Selection:
        """Return the filters as those of a list."""
        fields, segments = self.fields or {}, self.segments or {}
        labels = [
            *(CountedLabel(f"{FIELD_PREFIX}{name}", fields[name]) for name in fields),
            *(CountedLabel(f"{SEGMENT_PREFIX}{name}", segments[name]) for name in segments),
        ]
        selection = self.with_labels(labels)
        if self.conversation_id is None:
            return selection
        return replace(selection, conversation_id=str(self.conversation_id))
