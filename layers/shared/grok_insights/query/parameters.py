"""The query parameters of the routes: names, limits and descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from grok_insights.domain.alerts import AlertStatus
from grok_insights.domain.filters import MAX_VALUE_CHARS, SINCE, UNTIL, InsightFilters, Value
from grok_insights.domain.labels import TOPIC, CountedLabel
from grok_insights.domain.selection import Selection
from grok_insights.domain.timestamps import Instant
from grok_insights.domain.trends import Interval
from grok_insights.validation import (
    DIMENSION,
    DIMENSION_OR_TOPIC,
    Model,
    VersionNumber,
    WholeNumber,
)

_LABEL_NAME: Final = re.compile(r"(field|segment)\.")

LabelDimension = Annotated[str, Field(pattern=DIMENSION)]


class Filters(InsightFilters):
    """The parameters that select insights."""

    labels: dict[LabelDimension, Value] | None = Field(
        None, description="Only insights with this value: `field.NAME=…` or `segment.NAME=…`."
    )

    @model_validator(mode="before")
    @classmethod
    def _with_labels(cls, sent: object) -> object:
        """Return the parameters, with those of fields and segments under one name."""
        if not isinstance(sent, Mapping):
            return sent
        chosen = {name: value for name, value in sent.items() if _LABEL_NAME.match(name)}
        errors = [*_label_errors(chosen)]
        if "labels" in sent:
            errors.append(InitErrorDetails(type="extra_forbidden", loc=("labels",), input=""))
        if errors:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        others: dict[str, object] = {
            name: value for name, value in sent.items() if name not in chosen
        }
        return {**others, "labels": chosen} if chosen else others

    def selection(self) -> Selection:
        """Return the filters as those of a list."""
        return self.with_labels(CountedLabel(*pair) for pair in (self.labels or {}).items())


class ListQuery(Filters):
    """The parameters of a list of insights."""

    limit: WholeNumber = Field(20, ge=1, le=100, description="The most items of the page.")
    cursor: str | None = Field(
        None, max_length=500, description="`next_cursor` of the page before."
    )


class OverviewQuery(Filters):
    """The parameters of the overview."""

    interval: Interval | None = Field(
        None,
        description="The width of one point of the series. By default hours, for up to three days, "
        "and else days. Fields and segments are counted by day only.",
    )
    top: WholeNumber = Field(20, ge=1, le=100, description="The most topics that are returned.")
    limit: WholeNumber = Field(20, ge=1, le=100, description="The most insights of the page.")


def _label_errors(chosen: Mapping[str, str]) -> Iterator[InitErrorDetails]:
    """Yield what is wrong with the filters by fields and segments, under their own names."""
    for name, value in chosen.items():
        message = ""
        if not re.fullmatch(DIMENSION, name):
            message = "must be field. and a name in snake_case, or segment. and a name"
        elif not 1 <= len(value) <= MAX_VALUE_CHARS:
            message = f"must have 1 to {MAX_VALUE_CHARS} characters"
        if message:
            error = PydanticCustomError("value_error", "{error}", {"error": message})
            yield InitErrorDetails(type=error, loc=(name,), input="")


class TrendsQuery(Model):
    """The parameters of the trends."""

    start: Instant | None = Field(None, alias="from", description=SINCE)
    end: Instant | None = Field(None, alias="to", description=UNTIL)
    interval: Interval = Field(Interval.HOUR, description="The width of one point of the series.")
    top: WholeNumber = Field(10, ge=1, le=100, description="The most labels that are returned.")
    by: str = Field(
        TOPIC,
        pattern=DIMENSION_OR_TOPIC,
        description="What `labels` count: `topic`, `field.NAME` or `segment.NAME`. Fields and "
        "segments are counted by day only.",
    )
    verify: bool = Field(False, description="Count the insights again, and compare.")

    @model_validator(mode="after")
    def _has_its_counters(self) -> TrendsQuery:
        if self.interval is Interval.HOUR and self.by != TOPIC:
            error = PydanticCustomError(
                "value_error", "{error}", {"error": "must be day where by is no topic"}
            )
            raise ValidationError.from_exception_data(
                "TrendsQuery", [InitErrorDetails(type=error, loc=("interval",), input="")]
            )
        return self


class MoversQuery(Model):
    """The parameters of the movers."""

    start: Instant | None = Field(None, alias="from", description=SINCE)
    end: Instant | None = Field(None, alias="to", description=UNTIL)
    top: WholeNumber = Field(10, ge=1, le=100, description="The most labels that are returned.")
    by: str = Field(
        TOPIC,
        pattern=DIMENSION_OR_TOPIC,
        description="Which labels are compared: `topic`, `field.NAME` or `segment.NAME`.",
    )


class AlertsQuery(Model):
    """The parameters of a list of alerts."""

    status: AlertStatus | None = Field(None, description="Only alerts with this status.")


class VersionsQuery(Model):
    """The parameters of a list of versions of the profile."""

    limit: WholeNumber = Field(20, ge=1, le=100, description="The most items of the page.")
    before: VersionNumber | None = Field(None, description="Only versions before this one.")
