"""The JSON of the overview, from counters and the first page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from grok_insights.domain import labels, pricing, timestamps
from grok_insights.domain.insight import Sentiment
from grok_insights.domain.labels import TOPIC, CountedLabel
from grok_insights.domain.movers import Mover
from grok_insights.domain.trends import KINDS, Interval, points
from grok_insights.query.overview import Overview, counted_label, known_values
from grok_insights.query.overview_counts import (
    Kinds,
    Window,
    by_sentiment,
    compared_topics,
    matches,
    total,
)

if TYPE_CHECKING:
    from grok_insights.bodies.health import HealthBody
    from grok_insights.bodies.overview import (
        BudgetBody,
        ComparisonBody,
        DimensionBody,
        KindCountsBody,
        OverviewLabelBody,
        OverviewMoverBody,
        OverviewPointBody,
        SpanCountsBody,
        UsageBody,
    )

MOST_MOVERS: Final = 5


def overview_json(overview: Overview, top: int, status: HealthBody, budget: BudgetBody) -> str:
    """Return the overview, with the documents of the page as they are stored."""
    window, counts = overview.window, overview.counts
    label, kinds = counted_label(overview.selection), counts.kinds(window)
    totals = total(kinds, window.start, window.end)
    moved = compared_topics(counts, window)
    body: dict[str, Any] = {
        "from": timestamps.to_text(window.start),
        "to": timestamps.to_text(window.end),
        "interval": window.interval,
        "counted": None if label is None else str(label),
        "matches": matches(overview.selection, totals),
        "counts": _kinds_json(totals),
        "series": _series_json(kinds, window),
        "series_before": _series_json(kinds, window.before),
        "comparison": _comparison(kinds, window),
        "usage": _usage_json(total(counts.series, window.start, window.end)),
        "movers": _movers_json(moved, overview),
        "dimensions": [_topics_json(overview, moved, top), *_fields_json(overview)],
        "status": status,
        "budget": budget,
    }
    return f"{json.dumps(body, separators=(',', ':'))[:-1]},{overview.page.as_json()[1:]}"


def _kinds_json(numbers: Counter[str]) -> KindCountsBody:
    return {
        "count": sum(numbers[kind] for kind in KINDS),
        "positive": numbers["positive"],
        "negative": numbers["negative"],
        "neutral": numbers["neutral"],
        "failed": numbers["failed"],
    }


def _series_json(kinds: Kinds, window: Window) -> list[OverviewPointBody]:
    return [
        {"start": timestamps.to_text(at), **_kinds_json(kinds[at])}
        for at in points(window.start, window.end, window.interval)
    ]


def _usage_json(numbers: Counter[str]) -> UsageBody:
    count = sum(numbers[kind] for kind in KINDS)
    return {
        "tokens_used": numbers["tokens"],
        "estimated_cost": pricing.dollars(numbers["cost_ticks"]),
        "mean_processing_time_ms": round(numbers["processing_ms"] / count) if count else None,
    }


def _comparison(kinds: Kinds, window: Window) -> ComparisonBody | None:
    if window.over <= window.start:
        return None
    return {"period": _over_json(kinds, window), "before": _over_json(kinds, window.before)}


def _over_json(kinds: Kinds, window: Window) -> SpanCountsBody:
    return {
        "from": timestamps.to_text(window.start),
        "to": timestamps.to_text(window.over),
        **_kinds_json(total(kinds, window.start, window.over)),
    }


def _movers_json(moved: Sequence[Mover], overview: Overview) -> list[OverviewMoverBody]:
    return [_mover_json(one, overview) for one in moved if one.is_significant][:MOST_MOVERS]


def _mover_json(mover: Mover, overview: Overview) -> OverviewMoverBody:
    by_point = Counter[datetime]()
    for (at, _), number in overview.counts.topics[mover.label].items():
        by_point[at] += number
    return {
        "label": str(labels.of_topic(mover.label)),
        "value": mover.label,
        "count": mover.now.count,
        "count_before": mover.before.count,
        "share": mover.share,
        "change": mover.change,
        "negative_share": mover.now.negative / mover.now.count if mover.now.count else None,
        "series": [by_point[at] for at in overview.window.both],
    }


def _topics_json(overview: Overview, moved: Sequence[Mover], top: int) -> DimensionBody:
    """Return the most frequent topics, with the changes of their shares."""
    window, changes = overview.window, {mover.label: mover.change for mover in moved}
    topics = {
        value: by_sentiment(cells, window.start, window.end)
        for value, cells in overview.counts.topics.items()
    }
    body = _dimension_json(TOPIC, window.start, window.end, _most_frequent(topics, top))
    for label in body["labels"]:
        label["change"] = changes.get(label["value"], 0.0)
    return body


def _fields_json(overview: Overview) -> list[DimensionBody]:
    """Return the values of fields and segments. Those that the profile lists have its order."""
    start = Interval.DAY.floor(overview.window.start)
    end = Interval.DAY.ceiling(overview.window.end)
    found: list[DimensionBody] = []
    for dimension, known in known_values(overview.profile).items():
        if dimension in overview.counts.fields:
            cells = overview.counts.fields[dimension]
            counts = {value: by_sentiment(cells[value], start, end) for value in cells}
            listed = {value: counts.pop(value, Counter[str]()) for value in known}
            values = {**listed, **_most_frequent(counts, len(counts))}
            found.append(_dimension_json(dimension, start, end, values))
    return found


def _most_frequent(values: Mapping[str, Counter[str]], top: int) -> dict[str, Counter[str]]:
    """Return the most frequent values; those with the same count in the order of their names."""
    present = [(value, kinds) for value, kinds in values.items() if kinds]
    return dict(sorted(present, key=lambda pair: (-pair[1].total(), pair[0]))[:top])


def _dimension_json(
    dimension: str, start: datetime, end: datetime, values: Mapping[str, Counter[str]]
) -> DimensionBody:
    return {
        "by": dimension,
        "from": timestamps.to_text(start),
        "to": timestamps.to_text(end),
        "labels": [
            _label_json(CountedLabel(dimension, value), kinds) for value, kinds in values.items()
        ],
    }


def _label_json(label: CountedLabel, kinds: Counter[str]) -> OverviewLabelBody:
    return {
        "label": str(label),
        "value": label.value,
        "count": kinds.total(),
        "positive": kinds[Sentiment.POSITIVE],
        "negative": kinds[Sentiment.NEGATIVE],
        "neutral": kinds[Sentiment.NEUTRAL],
    }
