"""Alert rules: how often a label may come up in an hour or a day before it is a breach. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import Field, ValidationInfo, field_validator

from grok_insights.domain.insight import Sentiment
from grok_insights.domain.labels import FIELD_PREFIX, SEGMENT_PREFIX, CountedLabel
from grok_insights.domain.trends import Counters, Interval, Key, LabelRange, label_buckets
from grok_insights.validation import ALERT_LABEL, ALERT_NAME, Model

NONE: Final = Counter[str]()

SENTIMENT: Final = "sentiment"
"""The dimension of rules on a sentiment."""

DEFAULT_MINIMUM_OF_SHARES: Final = 20


class Measure(StrEnum):
    """What a rule compares with its limit."""

    COUNT = "count"
    SHARE = "share"


class Window(StrEnum):
    """The length of the periods that a rule looks at: whole hours or days of UTC."""

    HOUR = "1h"
    DAY = "1d"

    @property
    def interval(self) -> Interval:
        """The interval of the counters that have this length."""
        return Interval.HOUR if self is Window.HOUR else Interval.DAY

    @property
    def grace(self) -> timedelta:
        """How long a window that is over can still begin an alert."""
        return timedelta(minutes=15) if self is Window.HOUR else timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class WindowCount:
    """Conversations with the label in a window, and all completed conversations of the window."""

    count: int
    completed: int


AlertName = Annotated[str, Field(pattern=ALERT_NAME, max_length=60)]


class ByAlertName(Model):
    """The path of one rule."""

    name: AlertName = Field(description="The name of the rule.")


class AlertRule(Model):
    """A breach: a label comes up more often than ``above`` in one window."""

    name: AlertName = Field(description="The name of the rule. No other rule has it.")
    label: Annotated[str, Field(pattern=ALERT_LABEL)] = Field(
        description="`topic:NAME`, `field.NAME:VALUE`, `segment.NAME:VALUE` or `sentiment:NAME`.",
        examples=["topic:refund"],
    )
    measure: Measure = Field(
        Measure.COUNT,
        description="The number of conversations, or their share of the completed conversations.",
    )
    above: float = Field(
        ge=0,
        le=1_000_000_000,
        strict=True,
        allow_inf_nan=False,
        description="The limit. Only more than this is a breach. A share is below 1.",
    )
    minimum: int | None = Field(
        None,
        ge=1,
        le=1_000_000_000,
        description="Completed conversations that a window needs for a breach. The default is 20 "
        "for a share, and 1 for a count.",
    )
    window: Window = Field(
        Window.HOUR,
        validate_default=True,
        description="One hour or one day, in UTC. Fields and segments are counted by day only.",
    )

    @field_validator("above")
    @classmethod
    def _can_be_exceeded(cls, above: float, info: ValidationInfo) -> float:
        if info.data.get("measure") is Measure.SHARE and above >= 1:
            raise ValueError("must be below 1 where measure is share")
        return above

    @field_validator("window")
    @classmethod
    def _is_counted(cls, window: Window, info: ValidationInfo) -> Window:
        label = info.data.get("label", "")
        if window is Window.HOUR and label.startswith((FIELD_PREFIX, SEGMENT_PREFIX)):
            raise ValueError("must be 1d for fields and segments")
        return window

    @property
    def counted(self) -> CountedLabel:
        """The label, as a dimension and a value. The dimension may be ``sentiment``."""
        dimension, _, value = self.label.partition(":")
        return CountedLabel(dimension, value)

    @property
    def least_completed(self) -> int:
        """The completed conversations that a window needs for a breach."""
        default = DEFAULT_MINIMUM_OF_SHARES if self.measure is Measure.SHARE else 1
        return self.minimum or default

    def as_json(self) -> dict[str, Any]:
        """Return the rule with all defaults filled in."""
        return {**self.model_dump(mode="json"), "minimum": self.least_completed}

    def measured(self, counted: WindowCount) -> float:
        """Return what is compared with the limit. The share of no conversations is 0."""
        if self.measure is Measure.COUNT:
            return float(counted.count)
        return counted.count / counted.completed if counted.completed else 0.0

    def is_breached_by(self, counted: WindowCount) -> bool:
        """Return whether a window breaches the rule."""
        is_enough = counted.completed >= self.least_completed
        return is_enough and self.measured(counted) > self.above

    def starts(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the starts of the present window and of the one before."""
        interval = self.window.interval
        present = interval.floor(now)
        return present, present - interval.width

    def keys(self, start: datetime, shards: int) -> Iterable[Key]:
        """Return the keys of all counter items of the window that begins at ``start``."""
        interval = self.window.interval
        yield from (interval.key(start, shard) for shard in range(shards))
        dimension, value = self.counted
        if dimension != SENTIMENT:
            for bucket in label_buckets(
                LabelRange(dimension, start, start + interval.width), shards
            ):
                yield Key(bucket, value)

    def count_in(self, start: datetime, shards: int, counters: Counters) -> WindowCount:
        """Return the counts of the window that begins at ``start``, from its counter items."""
        interval, (dimension, value) = self.window.interval, self.counted
        totals = Counter[str]()
        for shard in range(shards):
            totals.update(counters.get(interval.key(start, shard), NONE))
        completed = sum(totals[kind] for kind in Sentiment)
        if dimension == SENTIMENT:
            return WindowCount(totals[value], completed)
        buckets = label_buckets(LabelRange(dimension, start, start + interval.width), shards)
        count = sum(
            counters.get(Key(bucket, value), NONE)[name]
            for bucket, cells in buckets.items()
            for name in cells
        )
        # The items are not read at the same instant.
        return WindowCount(count, max(count, completed))
