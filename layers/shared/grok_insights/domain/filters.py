"""The filters that lists of insights and jobs on stored insights have in common."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field, ValidationInfo, field_validator

from grok_insights.domain.conversation import named_id
from grok_insights.domain.insight import Sentiment, Status
from grok_insights.domain.labels import CountedLabel
from grok_insights.domain.new_conversation import ExternalId
from grok_insights.domain.selection import Selection, within_calendar
from grok_insights.domain.timestamps import Instant
from grok_insights.validation import Model

MAX_VALUE_CHARS: Final = 100
Value = Annotated[str, Field(min_length=1, max_length=MAX_VALUE_CHARS)]
"""A value of a topic, field or segment."""

UNTIL: Final = "The end of the range, RFC 3339 with a zone; not included."
SINCE: Final = "The start of the range, RFC 3339 with a zone; included."


class InsightFilters(Model):
    """Filters of insights. An insight must match all of them."""

    sentiment: Sentiment | None = Field(None, description="Only insights with this sentiment.")
    status: Status | None = Field(None, description="Only insights that ended like this.")
    topic: Value | None = Field(None, description="Only insights with this topic.")
    end: Instant | None = Field(None, alias="to", description=UNTIL)
    start: Instant | None = Field(None, alias="from", description=SINCE)
    external_id: ExternalId | None = Field(
        None, description="Only the insight of the conversation with this `external_id`."
    )

    @field_validator("start")
    @classmethod
    def _is_not_after_the_end(cls, start: datetime | None, info: ValidationInfo) -> datetime | None:
        end = info.data.get("end")
        if start and end and within_calendar(start) > within_calendar(end):
            raise ValueError("must not be after to")
        return start

    def with_labels(self, labels: Iterable[CountedLabel]) -> Selection:
        """Return the selected insights, with the filters by fields and segments.

        An insight has the id that follows from ``external_id``.
        """
        return Selection(
            sentiment=self.sentiment,
            status=self.status,
            topic=self.topic,
            start=self.start,
            end=self.end,
            labels=tuple(sorted(labels)),
            conversation_id=None if self.external_id is None else named_id(self.external_id),
        )
