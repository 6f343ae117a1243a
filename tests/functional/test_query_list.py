"""The list of insights: filters, pages and cursors, on tables of moto."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from moto import mock_aws

from grok_insights.domain.insight import Insight
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import LIST, Query, identity, numbered


@pytest.fixture(scope="module")
def query() -> Iterator[Query]:
    with mock_aws():
        query = Query(make_parts(Clock(), RATE_LIMIT_REQUESTS="1000000"))
        query.save(numbered(number) for number in range(84))
        yield query


def expected(**filters: str) -> list[str]:
    """Return the ids that match, found by a plain loop over all insights."""

    def matches(one: Insight) -> bool:
        shown = one.as_json()
        return all(
            value == shown.get(name) if name != "topic" else value in shown.get("topics", ())
            for name, value in filters.items()
        )

    return [one.conversation_id for one in map(numbered, range(84)) if matches(one)]


@pytest.mark.parametrize(
    ("sentiment", "status", "topic"),
    list(product((None, "positive"), (None, "completed", "failed"), (None, "refund", "nothing"))),
)
def test_filters_alone_and_together_find_what_matches_newest_first(
    query: Query, sentiment: str | None, status: str | None, topic: str | None
) -> None:
    given = {"sentiment": sentiment, "status": status, "topic": topic}
    filters = {name: value for name, value in given.items() if value is not None}
    pages = query.pages(limit="7", **filters)
    assert [one for page in pages for one in page] == expected(**filters)
    assert all(len(page) <= 7 for page in pages)


def test_every_page_but_the_last_is_full_and_the_last_has_no_cursor(query: Query) -> None:
    assert [len(page) for page in query.pages(limit="20")] == [20, 20, 20, 20, 4]


def test_a_list_that_ends_with_its_page_has_no_empty_page_behind_it(query: Query) -> None:
    assert [len(page) for page in query.pages(limit="42")] == [42, 42]


def test_from_is_included_and_to_is_not(query: Query) -> None:
    body = query.get(LIST, **{"from": "2026-11-23T10:10:00Z", "to": "2026-11-23T10:13:00Z"}).body
    assert [item["id"] for item in body["items"]] == [identity(3), identity(4), identity(5)]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-11-23T10:13:00Z", "2026-11-23T10:13:00Z"),
        ("2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-02T00:00:00Z"),
        ("9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999999-12:00"),
    ],
)
def test_an_empty_range_is_an_empty_page(query: Query, first: str, last: str) -> None:
    response = query.get(LIST, **{"from": first, "to": last})
    assert (response.status, response.body) == (200, {"items": [], "next_cursor": None})


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-11-23T10:14:00Z", "2026-11-23T10:13:00Z"),
        ("2026-11-23T10:13:00Z", "2026-11-23T12:13:00+02:01"),
        ("9999-12-31T00:00:00Z", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_a_range_that_ends_before_it_begins_is_refused_by_name(
    query: Query, first: str, last: str
) -> None:
    response = query.get(LIST, **{"from": first, "to": last})
    assert response.status == 422
    fault = {"location": "query.from", "message": "must not be after to"}
    assert response.body["errors"] == [fault]


def test_ranges_to_the_ends_of_the_calendar_hold_everything(query: Query) -> None:
    pages = query.pages(
        limit="100", **{"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"}
    )
    assert [len(page) for page in pages] == [84]


@pytest.mark.parametrize(
    "other",
    [
        {"sentiment": "negative"},
        {"status": "completed"},
        {"topic": "refund"},
        {"from": "2026-11-23T00:00:00Z"},
        {"to": "2026-11-24T00:00:00Z"},
    ],
)
def test_a_cursor_is_good_for_its_own_query_alone(query: Query, other: dict[str, str]) -> None:
    cursor = query.get(LIST, limit="3").body["next_cursor"]
    response = query.get(LIST, limit="3", cursor=cursor, **other)
    assert (response.status, response.body["title"]) == (400, "Bad Request")


def test_a_cursor_may_go_on_with_another_page_size(query: Query) -> None:
    cursor = query.get(LIST, limit="3").body["next_cursor"]
    body = query.get(LIST, limit="2", cursor=cursor).body
    assert [item["id"] for item in body["items"]] == [identity(3), identity(4)]


def test_a_changed_cursor_is_refused_wherever_it_was_changed(query: Query) -> None:
    cursor = query.get(LIST, limit="3").body["next_cursor"]
    for place in range(len(cursor)):
        other = "B" if cursor[place] == "A" else "A"
        changed = cursor[:place] + other + cursor[place + 1 :]
        assert query.get(LIST, cursor=changed).status == 400, place


@pytest.mark.parametrize("suffix", ["=", "==", "\n", " ", "!", "A", "ä", "\0"])
def test_a_cursor_with_something_behind_it_is_refused(query: Query, suffix: str) -> None:
    cursor = query.get(LIST, limit="3").body["next_cursor"]
    assert query.get(LIST, cursor=cursor + suffix).status == 400


@pytest.mark.parametrize("cursor", ["", "x", "A" * 500, "ä" * 50, "e30", "null"])
def test_a_forged_cursor_is_refused(query: Query, cursor: str) -> None:
    assert query.get(LIST, cursor=cursor).status == 400


def test_a_page_reads_a_share_of_each_partition_and_not_the_table(query: Query) -> None:
    read: list[int] = []
    query.parts.dynamodb.meta.events.register(
        "after-call.dynamodb.Query", lambda parsed, **_: read.append(parsed["ScannedCount"])
    )
    query.get(LIST, limit="5")
    assert sum(read) <= 24
    read.clear()
    query.get(LIST, limit="1", topic="nothing")
    assert sum(read) == 0
