"""The counters of the trends: they equal a recount, in any order of insights and over any range."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.aws.dynamodb.sizes import item_bytes
from grok_insights.domain import trends
from grok_insights.domain.insight import Sentiment, Tally
from grok_insights.domain.labels import CountedLabel
from grok_insights.domain.trends import Cell, Interval, Key, LabelRange

LABELS = (
    CountedLabel("topic", "billing"),
    CountedLabel("topic", "refund"),
    CountedLabel("field.resolved", "true"),
    CountedLabel("field.resolved", "false"),
    CountedLabel("segment.channel", "chat"),
)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 3, 1), timezones=st.just(UTC))
tallies = st.builds(
    Tally,
    occurred_at=instants,
    kind=st.sampled_from(Sentiment).map(str),
    labels=st.lists(st.sampled_from(LABELS), unique=True).map(tuple),
    tokens=st.integers(0, 10_000),
    cost_ticks=st.integers(0, 10**9),
    processing_time_ms=st.integers(0, 60_000),
    expires_at=st.integers(1_800_000_000, 1_900_000_000),
)
shards = st.integers(0, 3)


def tally(**overrides: object) -> Tally:
    values: dict[str, object] = {
        "occurred_at": datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
        "kind": "negative",
        "labels": (
            CountedLabel("topic", "refund"),
            CountedLabel("field.churn_risk", "high"),
            CountedLabel("segment.channel", "chat"),
        ),
        "tokens": 120,
        "cost_ticks": 17,
        "processing_time_ms": 250,
        "expires_at": 1_900_000_000,
    }
    return Tally(**(values | overrides))  # type: ignore[arg-type]


def test_an_insight_adds_to_its_hour_its_day_and_its_labels() -> None:
    totals = Counter(
        negative=1, tokens=120, cost_ticks=17, processing_ms=250, expires_at=1_900_000_000
    )
    assert trends.counters(tally(), shard=2) == {
        Key("hour#2026-11#2", "23T10"): totals,
        Key("day#2026#2", "11-23"): totals,
        Key("topic#2026-11#2", "refund"): Counter({"23-": 1}),
        Key("topic#2026-11-23#2", "refund"): Counter({"10-": 1}),
        Key("field.churn_risk#2026-11#2", "high"): Counter({"23-": 1}),
        Key("segment.channel#2026-11#2", "chat"): Counter({"23-": 1}),
    }


@given(st.lists(st.tuples(tallies, shards)))
def test_what_is_added_and_taken_out_again_leaves_nothing(many: list[tuple[Tally, int]]) -> None:
    added = [trends.counters(one, shard) for one, shard in many]
    taken = [trends.counters(one, shard, sign=-1) for one, shard in reversed(many)]
    assert trends.total([*added, *taken]) == {}


def read_labels(
    counters: trends.Counters, dimension: str, start: datetime, end: datetime
) -> trends.LabelCounts:
    """Return the labels of a range as `aws.trends` reads them."""
    buckets = trends.label_buckets(LabelRange(dimension, start, end), shards=4)
    found: defaultdict[str, Counter[Cell]] = defaultdict(Counter)
    for key, numbers in counters.items():
        cells = buckets.get(key.bucket, {})
        for name in numbers.keys() & cells.keys():
            found[key.slot][cells[name]] += numbers[name]
    return dict(found)


@given(st.lists(st.tuples(tallies, shards)), instants, st.integers(1, 24 * 40))
def test_the_topics_of_any_range_of_hours_equal_a_recount(
    many: list[tuple[Tally, int]], start: datetime, hours: int
) -> None:
    start = Interval.HOUR.floor(start)
    end = start + timedelta(hours=hours)
    counters = trends.total(trends.counters(one, shard) for one, shard in many)
    inside = [one for one, _ in many if start <= one.occurred_at < end]
    assert read_labels(counters, "topic", start, end) == trends.label_counts(inside).get(
        "topic", {}
    )


@given(
    st.lists(st.tuples(tallies, shards)),
    instants,
    st.integers(1, 800),
    st.sampled_from(sorted({label.dimension for label in LABELS})),
)
def test_the_labels_of_any_range_of_days_equal_a_recount(
    many: list[tuple[Tally, int]], start: datetime, days: int, dimension: str
) -> None:
    start = Interval.DAY.floor(start)
    end = start + timedelta(days=days)
    counters = trends.total(trends.counters(one, shard) for one, shard in many)
    inside = [one for one, _ in many if start <= one.occurred_at < end]
    assert read_labels(counters, dimension, start, end) == trends.label_counts(inside).get(
        dimension, {}
    )


@given(st.lists(st.tuples(tallies, shards)), instants, st.sampled_from(Interval))
def test_the_series_of_a_range_equals_a_recount(
    many: list[tuple[Tally, int]], start: datetime, interval: Interval
) -> None:
    start = interval.floor(start)
    end = start + 30 * interval.width
    counters = trends.total(trends.counters(one, shard) for one, shard in many)
    runs = trends.series_slots(start, end, interval, shards=4)
    read = Counter[tuple[datetime, str]]()
    for run, slots in runs.items():
        for key, fields in counters.items():
            if key.bucket == run.bucket and run.first <= key.slot <= run.last:
                read[(slots[key.slot], "count")] += sum(fields[kind] for kind in trends.KINDS)
    recount = Counter(
        (interval.floor(one.occurred_at), "count")
        for one, _ in many
        if start <= one.occurred_at < end
    )
    assert +read == recount


@given(instants)
def test_a_year_by_hour_is_read_in_few_runs(start: datetime) -> None:
    start = Interval.HOUR.floor(start)
    end = start + timedelta(days=366)
    assert len(trends.series_slots(start, end, Interval.HOUR, shards=4)) <= 14 * 4
    assert len(trends.label_buckets(LabelRange("topic", start, end), shards=4)) <= 16 * 4


@given(instants)
def test_800_days_are_read_in_few_runs(start: datetime) -> None:
    start = Interval.DAY.floor(start)
    end = start + timedelta(days=800)
    assert len(trends.series_slots(start, end, Interval.DAY, shards=4)) <= 4 * 4
    assert len(trends.label_buckets(LabelRange("field.resolved", start, end), 4)) <= 28 * 4


def full_items(label: CountedLabel, number: int) -> Iterator[dict[str, Any]]:
    """Yield the items of a label in which each counter of a month or a day has one number."""
    for item_name, names in {"2026-11": 31, "2026-11-23": 24}.items():
        numbers = {
            f"{place:02}{mark}": {"N": str(number)}
            for place in range(names)
            for mark in trends.MARKS.values()
        }
        bucket = f"{label.dimension}#{item_name}#31"
        yield {"bucket": {"S": bucket}, "slot": {"S": label.value}, **numbers}


@pytest.mark.parametrize(
    "label",
    [
        CountedLabel("topic", "t" * 100),
        CountedLabel(f"field.{'n' * 40}", "v" * 40),
        CountedLabel(f"segment.{'n' * 64}", "v" * 64),
    ],
)
def test_an_item_of_a_label_stays_below_a_kilobyte_with_a_million_a_day(
    label: CountedLabel,
) -> None:
    assert all(item_bytes(item) < 1_024 for item in full_items(label, 999_999))


def counted(*many: Tally) -> Counter[str]:
    return sum((trends.totals(one) for one in many), start=Counter())


def test_insights_that_a_recount_misses_have_expired_if_their_times_say_so() -> None:
    past, future = tally(expires_at=1_780_000_000), tally(expires_at=1_900_000_000)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert trends.expired(counted(past, past, future), counted(future), now) == 2
    assert trends.expired(counted(past, future), counted(past), now) == 0
    assert trends.expired(counted(future), counted(future), now) == 0
    assert trends.expired(counted(future) + Counter(negative=2), counted(future), now) == 0
    assert trends.expired(counted(future), counted(future, past), now) == 0


@given(instants, st.sampled_from(Interval))
def test_an_instant_lies_between_its_floor_and_its_ceiling(
    instant: datetime, interval: Interval
) -> None:
    floor, ceiling = interval.floor(instant), interval.ceiling(instant)
    assert floor <= instant <= ceiling
    assert ceiling - floor in {timedelta(0), interval.width}
