"""The slices of a job on stored insights: together they cover a range, each instant once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from grok_insights.domain.slices import MAX_SLICES, Slices

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=4_000)), st.integers(1, 32))
def test_each_instant_of_a_range_is_in_one_slice_of_each_shard(
    start: datetime, length: timedelta, shards: int
) -> None:
    slices = Slices.of(start, start + length, shards)
    all_slices = [slices.slice_of(part) for part in range(slices.number)]
    for instant in (start, start + length / 2, start + length):
        found = [one.shard for one in all_slices if one.start <= instant < one.end]
        assert sorted(found) == list(range(shards))


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=9_000)), st.integers(1, 32))
def test_a_pass_has_at_most_as_many_slices_as_a_map_has_ranges(
    start: datetime, length: timedelta, shards: int
) -> None:
    assert 1 <= Slices.of(start, start + length, shards).number <= MAX_SLICES


def test_the_next_pass_has_the_same_slices_under_other_numbers() -> None:
    slices = Slices.of(FIRST, FIRST + timedelta(days=3, hours=5), 4)
    assert slices.number == 16
    assert [slices.pass_of(part) for part in (0, 15, 16, 47)] == [0, 0, 1, 2]
    assert slices.slice_of(21) == slices.slice_of(5)
