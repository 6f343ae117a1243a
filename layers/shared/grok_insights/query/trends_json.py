"""The JSON of trends, of their recount and of the difference."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.domain import pricing, timestamps
from grok_insights.domain.insight import Sentiment
from grok_insights.domain.labels import TOPIC, CountedLabel
from grok_insights.domain.trends import KINDS, Expiry, Interval, LabelCounts, points

if TYPE_CHECKING:
    from grok_insights.bodies.trends import (
        DifferenceBody,
        LabelCountBody,
        RecountBody,
        TopicCountBody,
        TotalsBody,
        TrendsBody,
    )
    from grok_insights.query.trends_counts import Counts, Range


def trends_json(wanted: Range, counts: Counts, dimension: str, top: int) -> TrendsBody:
    """Return the counters of a range, and its most frequent labels of a dimension."""
    most_frequent = _most_frequent(counts.labels[dimension], top)
    body: TrendsBody = {
        "from": timestamps.to_text(wanted.start),
        "to": timestamps.to_text(wanted.end),
        "interval": wanted.interval,
        "totals": _totals_json(counts.totals),
        "series": [
            {"start": timestamps.to_text(point), **_totals_json(numbers)}
            for point, numbers in counts.series.items()
        ],
        "by": dimension,
        "labels": [
            _label_json(CountedLabel(dimension, value), cells, wanted)
            for value, cells in most_frequent.items()
        ],
    }
    if dimension == TOPIC:
        body["top_topics"] = _topics_json(most_frequent)
    return body


def recount_json(recounted: Counts, top: int, expired: int) -> RecountBody:
    """Return what the insights themselves give, and whether some of them have expired."""
    return {
        "status": Expiry.PARTLY_EXPIRED if expired else Expiry.COMPLETE,
        "expired": expired,
        "totals": _totals_json(recounted.totals),
        "top_topics": _topics_json(_most_frequent(recounted.labels[TOPIC], top)),
    }


def difference_json(counted: Counts, recounted: Counts) -> DifferenceBody:
    """Return the counters minus the recount, and how many points and labels differ."""
    difference = counted.totals
    difference.subtract(recounted.totals)
    points_of = counted.series.keys() | recounted.series.keys()
    differing = {
        dimension: _differing(counted.labels[dimension], recounted.labels[dimension])
        for dimension in recounted.labels
    }
    return {
        "positive": difference["positive"],
        "negative": difference["negative"],
        "neutral": difference["neutral"],
        "failed": difference["failed"],
        "tokens": difference["tokens"],
        "cost_ticks": difference["cost_ticks"],
        "processing_ms": difference["processing_ms"],
        "points": sum(
            counted.series.get(point) != recounted.series.get(point) for point in points_of
        ),
        "topics": differing.pop(TOPIC),
        "labels": sum(differing.values()),
    }


def _differing(counted: LabelCounts, recounted: LabelCounts) -> int:
    """Return how many values have other counts."""
    values = counted.keys() | recounted.keys()
    return sum(counted.get(value) != recounted.get(value) for value in values)


def _most_frequent(counts: LabelCounts, top: int) -> LabelCounts:
    """Return the most frequent values; those with the same count in the order of their names."""
    order = sorted(counts.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    return dict(order[:top])


def _topics_json(counts: LabelCounts) -> list[TopicCountBody]:
    return [{"topic": topic, "count": cells.total()} for topic, cells in counts.items()]


def _label_json(
    label: CountedLabel, cells: Counter[tuple[datetime, str]], wanted: Range
) -> LabelCountBody:
    by_kind, by_day = Counter[str](), Counter[datetime]()
    for (day, kind), number in cells.items():
        by_kind[kind] += number
        by_day[day] += number
    body: LabelCountBody = {
        "label": str(label),
        "value": label.value,
        "count": by_kind.total(),
        "positive": by_kind[Sentiment.POSITIVE],
        "negative": by_kind[Sentiment.NEGATIVE],
        "neutral": by_kind[Sentiment.NEUTRAL],
    }
    if wanted.interval is Interval.DAY:
        body["series"] = [by_day[day] for day in points(*wanted)]
    return body


def _totals_json(numbers: Counter[str]) -> TotalsBody:
    """Return the counters as the API shows them."""
    count = sum(numbers[kind] for kind in KINDS)
    return {
        "count": count,
        "positive": numbers["positive"],
        "negative": numbers["negative"],
        "neutral": numbers["neutral"],
        "failed": numbers["failed"],
        "tokens_used": numbers["tokens"],
        "estimated_cost": pricing.dollars(numbers["cost_ticks"]),
        "mean_processing_time_ms": round(numbers["processing_ms"] / count) if count else None,
    }
