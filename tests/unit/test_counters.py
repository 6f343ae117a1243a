"""The counters of the trends: they equal a recount, in any order of insights and over any range."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from grok_insights.domain import trends
from grok_insights.domain.insight import Tally
from grok_insights.domain.trends import Interval, Key

TOPICS = ("billing", "delivery", "refund")
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 3, 1), timezones=st.just(UTC))
tallies = st.builds(
    Tally,
    occurred_at=instants,
    kind=st.sampled_from(trends.KINDS),
    topics=st.lists(st.sampled_from(TOPICS), unique=True).map(tuple),
    tokens=st.integers(0, 10_000),
    cost_ticks=st.integers(0, 10**9),
    processing_time_ms=st.integers(0, 60_000),
)
shards = st.integers(0, 3)


def tally(**overrides: object) -> Tally:
    values: dict[str, object] = {
        "occurred_at": datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
        "kind": "negative",
        "topics": ("refund",),
        "tokens": 120,
        "cost_ticks": 17,
        "processing_time_ms": 250,
    }
    return Tally(**(values | overrides))  # type: ignore[arg-type]


def test_an_insight_adds_to_its_hour_its_day_and_its_topics() -> None:
    totals = Counter(negative=1, tokens=120, cost_ticks=17, processing_ms=250)
    assert trends.counters(tally(), shard=2) == {
        Key("hour#2026-11#2", "23T10"): totals,
        Key("day#2026#2", "11-23"): totals,
        Key("topics#2026-11#2", "refund"): Counter(d23=1),
        Key("topics#2026-11-23#2", "refund"): Counter(h10=1),
    }


@given(st.lists(st.tuples(tallies, shards)))
def test_what_is_added_and_taken_out_again_leaves_nothing(many: list[tuple[Tally, int]]) -> None:
    added = [trends.counters(one, shard) for one, shard in many]
    taken = [trends.counters(one, shard, sign=-1) for one, shard in reversed(many)]
    assert trends.total([*added, *taken]) == {}


@given(st.lists(st.tuples(tallies, shards)), instants, st.integers(1, 24 * 40))
def test_the_topics_of_any_range_of_hours_equal_a_recount(
    many: list[tuple[Tally, int]], start: datetime, hours: int
) -> None:
    start = Interval.HOUR.floor(start)
    end = start + timedelta(hours=hours)
    counters = trends.total(trends.counters(one, shard) for one, shard in many)
    buckets = trends.topic_buckets(start, end, shards=4)
    read = Counter[str]()
    for key, fields in counters.items():
        read[key.slot] += sum(fields[name] for name in buckets.get(key.bucket, ()))
    recount = Counter(
        topic for one, _ in many if start <= one.occurred_at < end for topic in one.topics
    )
    assert +read == recount


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
    runs = trends.series_slots(start, start + timedelta(days=366), Interval.HOUR, shards=4)
    assert len(runs) <= 14 * 4
    assert len(trends.topic_buckets(start, start + timedelta(days=366), shards=4)) <= 16 * 4


@given(instants, st.sampled_from(Interval))
def test_an_instant_lies_between_its_floor_and_its_ceiling(
    instant: datetime, interval: Interval
) -> None:
    floor, ceiling = interval.floor(instant), interval.ceiling(instant)
    assert floor <= instant <= ceiling
    assert ceiling - floor in {timedelta(0), interval.width}
