"""The overview: all that one refresh of the dashboard shows, read with bounded cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from grok_insights.aws.concurrent import start
from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.domain import labels, pricing
from grok_insights.domain.labels import TOPIC, CountedLabel
from grok_insights.domain.new_conversation import EARLIEST_OCCURRENCE
from grok_insights.domain.profile import Profile, ProfileField
from grok_insights.domain.selection import Selection, within_calendar
from grok_insights.domain.trends import Interval, LabelRange
from grok_insights.errors import Fault, InvalidRequest, Unavailable
from grok_insights.query.overview_counts import Counts, Window

if TYPE_CHECKING:
    from grok_insights.aws.state.pauses import PauseStore
    from grok_insights.aws.trends import Trends
    from grok_insights.bodies.overview import BudgetBody
    from grok_insights.query.insights import Page, ReadInsights
    from grok_insights.query.parameters import OverviewQuery
    from grok_insights.query.profiles import ReadProfiles

DEFAULT_SPAN: Final = timedelta(days=7)
LONGEST_SPAN: Final = {Interval.HOUR: timedelta(days=8), Interval.DAY: timedelta(days=400)}
LONGEST_SPAN_BY_HOUR: Final = timedelta(days=3)
"""The longest range that is shown by hours where the request names no interval."""

LONGEST_SPAN_OF_FIELDS: Final = timedelta(days=100)
"""Fields and segments of a longer range are left out, to bound the number of reads."""


class Overview(NamedTuple):
    """The result of the use case."""

    window: Window
    selection: Selection
    profile: Profile | None
    counts: Counts
    page: Page


@dataclass(frozen=True, slots=True)
class ReadOverview:
    """The use case."""

    trends: Trends
    insights: ReadInsights
    profiles: ReadProfiles
    pauses: PauseStore
    daily_budget_usd: float
    now: Callable[[], datetime]

    def of(self, query: OverviewQuery) -> Overview:
        """Return the counters and the first page of a selection.

        The range is extended to whole points, also for the page, so that the counters and the page
        show the same time.

        Raises
        ------
        InvalidRequest
            The range ends before it begins, begins before 2000, or is longer than 8 days by hour
            or 400 by day.
        """
        selection = query.selection()
        window = self.window(selection, query.interval)
        selection = replace(selection, start=window.start, end=window.end)
        page = start(lambda: self.insights.page(selection, query.limit, None))
        profile = self._profile()
        counts = self._counts(window, counted_label(selection), profile)
        return Overview(window, selection, profile, counts, page.result())

    def window(self, selection: Selection, interval: Interval | None) -> Window:
        """Return the range of a selection in whole points, which are days for fields."""
        now = self.now()
        last = within_calendar(selection.end or now)
        first = within_calendar(selection.start or last - DEFAULT_SPAN)
        label = counted_label(selection)
        is_by_hour = last - first <= LONGEST_SPAN_BY_HOUR
        interval = interval or (Interval.HOUR if is_by_hour else Interval.DAY)
        if label is not None and label.dimension != TOPIC:
            interval = Interval.DAY
        first, last = interval.floor(first), interval.ceiling(last)
        if first >= last:
            raise _refused("must be before to")
        if first < EARLIEST_OCCURRENCE:
            raise _refused("must be from 2000-01-01T00:00:00Z")
        if last - first > LONGEST_SPAN[interval]:
            days = LONGEST_SPAN[interval].days
            raise _refused(f"must be at most {days} days before to, by {interval}")
        return Window(first, last, max(first, min(last, interval.floor(now))), interval)

    def budget(self) -> BudgetBody:
        """Return the budget and the spending of today."""
        try:
            ticks = self.pauses.read(self.now()).spent_ticks
        except (*AWS_FAILURES, TimeoutError):
            ticks = None
        spent = None if ticks is None else float(pricing.usd(ticks))
        return {"daily_usd": self.daily_budget_usd, "spent_usd": spent}

    def _profile(self) -> Profile | None:
        """Return the active profile; None if it is damaged, which the status shows."""
        try:
            return self.profiles.active()
        except Unavailable:
            return None

    def _counts(
        self, window: Window, label: CountedLabel | None, profile: Profile | None
    ) -> Counts:
        first = window.before.start
        days = (Interval.DAY.floor(window.start), Interval.DAY.ceiling(window.end))
        is_short = window.end - window.start <= LONGEST_SPAN_OF_FIELDS
        dimensions = [*known_values(profile)] if is_short else []
        wanted = [LabelRange(TOPIC, first, window.end, window.interval)]
        if label is not None and label.dimension != TOPIC:
            wanted.append(LabelRange(label.dimension, first, window.end))
        found = self.trends.labels_of(
            [*wanted, *(LabelRange(dimension, *days) for dimension in dimensions)]
        )
        return Counts(
            series=self.trends.series(first, window.end, window.interval),
            topics=found[0],
            label=None if label is None else found[len(wanted) - 1].get(label.value, Counter()),
            fields=dict(zip(dimensions, found[len(wanted) :], strict=True)),
        )


def counted_label(selection: Selection) -> CountedLabel | None:
    """Return the label that counters can filter by: the topic, or else the first field or segment.

    Counters know one label together with the sentiment.
    """
    return next(iter(selection.all_labels), None)


def known_values(profile: Profile | None) -> dict[str, tuple[str, ...]]:
    """Return the counted dimensions of a profile: fields, but no texts, and segments.

    Each has its possible values in their order; segments have none that are known.
    """
    if profile is None:
        return {}
    fields = {f"{labels.FIELD_PREFIX}{one.name}": values_of(one) for one in profile.fields}
    segments = {f"{labels.SEGMENT_PREFIX}{name}": () for name in profile.segments}
    return {**{name: values for name, values in fields.items() if values}, **segments}


def values_of(field: ProfileField) -> tuple[str, ...]:
    """Return the possible values of a field in their order, as labels have them; () for texts."""
    match field.type:
        case "boolean":
            return ("true", "false")
        case "enum":
            return field.values
        case "integer":
            return tuple(map(str, range(field.minimum, field.maximum + 1)))
    return ()


def _refused(message: str) -> InvalidRequest:
    return InvalidRequest("the range is not valid", faults=(Fault("query.from", message),))
