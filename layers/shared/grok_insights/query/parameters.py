"""The query parameters of the routes: names, limits and descriptions."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import Field, ValidationInfo, field_validator

from grok_insights.domain.insight import Sentiment, Status
from grok_insights.domain.profile import MAX_VERSION
from grok_insights.domain.selection import within_calendar
from grok_insights.domain.timestamps import Instant
from grok_insights.domain.trends import Interval
from grok_insights.validation import Model, WholeNumber

UNTIL: Final = "The end of the range, RFC 3339 with a zone; not included."
SINCE: Final = "The start of the range, RFC 3339 with a zone; included."


class ListQuery(Model):
    """The parameters of a list of insights."""

    limit: WholeNumber = Field(20, ge=1, le=100, description="The most items of the page.")
    cursor: str | None = Field(
        None, max_length=500, description="`next_cursor` of the page before."
    )
    sentiment: Sentiment | None = Field(None, description="Only insights with this sentiment.")
    status: Status | None = Field(None, description="Only insights that ended like this.")
    topic: str | None = Field(
        None, min_length=1, max_length=100, description="Only insights with this topic."
    )
    end: Instant | None = Field(None, alias="to", description=UNTIL)
    start: Instant | None = Field(None, alias="from", description=SINCE)

    @field_validator("start")
    @classmethod
    def _is_not_after_the_end(cls, start: datetime | None, info: ValidationInfo) -> datetime | None:
        end = info.data.get("end")
        if start and end and within_calendar(start) > within_calendar(end):
            raise ValueError("must not be after to")
        return start


class TrendsQuery(Model):
    """The parameters of the trends."""

    start: Instant | None = Field(None, alias="from", description=SINCE)
    end: Instant | None = Field(None, alias="to", description=UNTIL)
    interval: Interval = Field(Interval.HOUR, description="The width of one point of the series.")
    top: WholeNumber = Field(10, ge=1, le=100, description="The most topics that are returned.")
    verify: bool = Field(False, description="Count the insights again, and compare.")


class VersionsQuery(Model):
    """The parameters of a list of versions of the profile."""

    limit: WholeNumber = Field(20, ge=1, le=100, description="The most items of the page.")
    before: WholeNumber | None = Field(
        None, ge=1, le=MAX_VERSION, description="Only versions before this one."
    )
