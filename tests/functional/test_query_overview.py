"""The overview over HTTP: counters, filters, comparison, movers, status, and the first page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from moto import mock_aws

from grok_insights.domain.insight import Analysis, Insight, Sentiment
from grok_insights.domain.profile import EnumField, IntegerField, Profile, TextField
from tests.builders import NOW, api_event, failed_insight, insight
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import LIST, TRENDS, Query, identity

OVERVIEW = "/api/v1/overview"
NEGATIVE, POSITIVE = Sentiment.NEGATIVE, Sentiment.POSITIVE
PROFILE = Profile(
    version=2,
    fields=(
        EnumField(type="enum", name="risk", values=("low", "high")),
        IntegerField(type="integer", name="effort", minimum=1, maximum=3),
        TextField(type="text", name="competitor"),
    ),
    segments=("channel",),
)
DAYS = {"from": "2026-11-17T00:00:00Z", "to": "2026-11-24T00:00:00Z", "interval": "day"}


@pytest.fixture
def query() -> Iterator[Query]:
    with mock_aws():
        query = Query(make_parts(Clock(), RATE_LIMIT_REQUESTS="1000000"))
        profiles = query.parts.profiles
        assert profiles.add(PROFILE, profiles.pointer(), active=2)
        yield query


def made(number: int, at: datetime = NOW, topic: str = "refund", **values: Any) -> Insight:
    """Return a completed insight; its fields and segments are those of the profile."""
    outcome = Analysis("A summary.", values.pop("sentiment", NEGATIVE), (topic,))
    fields = {"risk": values.pop("risk", "low"), "effort": values.pop("effort", 1)}
    channel = {"channel": values.pop("channel", "chat")}
    return insight(
        conversation_id=identity(number),
        outcome=replace(outcome, fields=fields),
        segments=channel,
        occurred_at=at,
        **values,
    )


def ago(**by: float) -> datetime:
    return NOW - timedelta(**by)


def test_one_request_has_counts_series_page_status_and_budget(query: Query) -> None:
    query.save(
        [
            made(1, ago(hours=2)),
            made(2, ago(hours=1), sentiment=POSITIVE),
            failed_insight(conversation_id=identity(3), occurred_at=ago(minutes=5)),
        ]
    )
    body = query.get(OVERVIEW, **{"from": "2026-11-23T08:00:00Z"}).body
    counts = {"count": 3, "positive": 1, "negative": 1, "neutral": 0, "failed": 1}
    assert (body["interval"], body["counts"], body["matches"]) == ("hour", counts, 3)
    assert (body["from"], body["to"]) == ("2026-11-23T08:00:00.000Z", "2026-11-23T11:00:00.000Z")
    assert [point["count"] for point in body["series"]] == [1, 1, 1]
    assert [item["id"] for item in body["items"]] == [identity(3), identity(2), identity(1)]
    assert body["status"] == query.get("/health").body
    assert body["budget"] == {"daily_usd": 0.0, "spent_usd": 0.0}
    assert body["usage"]["tokens_used"] == 360


def test_counts_equal_those_of_the_trends(query: Query) -> None:
    query.save(made(number, ago(hours=number * 5)) for number in range(30))
    trends = query.get(TRENDS, **DAYS).body
    body = query.get(OVERVIEW, **DAYS).body
    assert [point["count"] for point in body["series"]] == [
        point["count"] for point in trends["series"]
    ]
    refund, trend = body["dimensions"][0]["labels"][0], trends["labels"][0]
    assert {name: refund[name] for name in refund if name != "change"} == {
        name: trend[name] for name in trend if name != "series"
    }


@pytest.mark.parametrize(
    ("filters", "counted", "count", "matches"),
    [
        ({}, None, 4, 4),
        ({"sentiment": "negative"}, None, 4, 2),
        ({"status": "failed"}, None, 4, 1),
        ({"sentiment": "negative", "status": "failed"}, None, 4, 0),
        ({"topic": "refund"}, "topic:refund", 2, 2),
        ({"topic": "refund", "sentiment": "positive"}, "topic:refund", 2, 1),
        ({"topic": "refund", "status": "completed"}, "topic:refund", 2, 2),
        ({"topic": "unheard_of"}, "topic:unheard_of", 0, 0),
        ({"field.risk": "high"}, "field.risk:high", 1, 1),
        ({"segment.channel": "mail"}, "segment.channel:mail", 1, 1),
        ({"topic": "refund", "field.risk": "high"}, "topic:refund", 2, None),
        ({"external_id": "ticket-1"}, None, 4, None),
    ],
    ids=str,
)
def test_counters_follow_one_label_and_the_list_follows_all_filters(
    query: Query, filters: dict[str, str], counted: str | None, count: int, matches: int | None
) -> None:
    query.save(
        [
            made(1),
            made(2, sentiment=POSITIVE, risk="high", channel="mail"),
            made(3, topic="login"),
            failed_insight(conversation_id=identity(4)),
        ]
    )
    body = query.get(OVERVIEW, **filters).body
    assert (body["counted"], body["counts"]["count"], body["matches"]) == (counted, count, matches)
    assert sum(point["count"] for point in body["series"]) == count
    listed = query.get(LIST, **filters).body["items"]
    assert body["items"] == listed
    assert matches in {None, len(listed)}


def test_topics_are_counted_by_hour_and_fields_by_day(query: Query) -> None:
    query.save([made(1, ago(hours=2)), made(2, ago(hours=9))])
    today = {"from": "2026-11-23T05:00:00Z", "interval": "hour"}
    by_topic = query.get(OVERVIEW, topic="refund", **today).body
    assert (by_topic["interval"], by_topic["matches"]) == ("hour", 1)
    by_field = query.get(OVERVIEW, **{"field.risk": "low"}, **today).body
    assert (by_field["interval"], by_field["matches"]) == ("day", 2)
    assert by_field["from"] == "2026-11-23T00:00:00.000Z"
    assert len(by_field["items"]) == 2


def test_fields_and_segments_have_their_values_in_the_order_of_the_profile(query: Query) -> None:
    query.save([made(1, risk="high", effort=3), made(2, risk="other_version", channel="mail")])
    found = {one["by"]: one["labels"] for one in query.get(OVERVIEW).body["dimensions"]}
    counts = {by: {one["value"]: one["count"] for one in labels} for by, labels in found.items()}
    assert list(counts) == ["topic", "field.risk", "field.effort", "segment.channel"]
    assert list(counts["field.risk"].items()) == [("low", 0), ("high", 1), ("other_version", 1)]
    assert counts["field.effort"] == {"1": 1, "2": 0, "3": 1}
    assert counts["segment.channel"] == {"chat": 1, "mail": 1}


def test_a_period_that_is_not_over_is_compared_with_the_same_part_of_the_one_before(
    query: Query,
) -> None:
    """It is 10:15, so the hour from 10 to 11 and the one 24 hours before are not compared."""
    query.save([made(1), made(2, ago(hours=1)), made(3, ago(hours=24)), made(4, ago(hours=25))])
    body = query.get(OVERVIEW, **{"from": "2026-11-22T11:00:00Z"}).body
    now, before = body["comparison"]["period"], body["comparison"]["before"]
    assert (now["from"], now["to"]) == ("2026-11-22T11:00:00.000Z", "2026-11-23T10:00:00.000Z")
    assert (before["from"], before["to"]) == (
        "2026-11-21T11:00:00.000Z",
        "2026-11-22T10:00:00.000Z",
    )
    assert (now["count"], before["count"]) == (1, 1)
    assert [point["count"] for point in body["series_before"]].count(1) == 2


def test_nothing_is_compared_while_no_hour_is_over(query: Query) -> None:
    body = query.get(OVERVIEW, **{"from": "2026-11-23T10:00:00Z"}).body
    assert (body["comparison"], body["movers"]) == (None, [])


def test_a_topic_whose_share_grew_is_a_mover_with_its_course(query: Query) -> None:
    query.save(made(number, ago(days=1), topic="outage") for number in range(40))
    query.save(made(number, ago(days=1), topic="login") for number in range(40, 80))
    query.save(made(number, ago(days=8), topic="login") for number in range(80, 160))
    body = query.get(OVERVIEW, **DAYS).body
    assert {mover["value"]: round(mover["change"], 2) for mover in body["movers"]} == {
        "outage": 0.5,
        "login": -0.5,
    }
    outage = next(mover for mover in body["movers"] if mover["value"] == "outage")
    assert (outage["count"], outage["count_before"], outage["negative_share"]) == (40, 0, 1.0)
    assert outage["series"] == [0] * 12 + [40, 0]
    changes = {one["value"]: one["change"] for one in body["dimensions"][0]["labels"]}
    assert changes == {"outage": 0.5, "login": -0.5}


def test_two_more_of_many_are_no_mover(query: Query) -> None:
    query.save(made(number, ago(days=1), topic="login") for number in range(60))
    query.save(made(number, ago(days=8), topic="login") for number in range(60, 120))
    query.save([made(200, ago(days=8), topic="rare"), made(201, ago(days=1), topic="rare")])
    query.save([made(202, ago(days=1), topic="rare")])
    assert query.get(OVERVIEW, **DAYS).body["movers"] == []


def test_the_cursor_continues_in_the_list_with_the_range_of_the_overview(query: Query) -> None:
    query.save(made(number, ago(minutes=number)) for number in range(5))
    body = query.get(OVERVIEW, topic="refund", limit="2").body
    rest = query.get(
        LIST, topic="refund", cursor=body["next_cursor"], **{"from": body["from"], "to": body["to"]}
    ).body
    assert [item["id"] for item in rest["items"]] == [identity(2), identity(3), identity(4)]


@pytest.mark.parametrize(
    ("range_", "message"),
    [
        ({"from": "2026-11-24T00:00:00Z", "to": "2026-11-23T00:00:00Z"}, "must not be after to"),
        (
            {"from": "2026-11-01T00:00:00Z", "interval": "hour"},
            "must be at most 8 days before to, by hour",
        ),
        (
            {"from": "0001-01-01T00:00:00Z", "to": "0001-06-01T00:00:00Z"},
            "must be before to",
        ),
        (
            {"from": "1999-12-31T00:00:00Z", "to": "2000-06-01T00:00:00Z"},
            "must be from 2000-01-01T00:00:00Z",
        ),
        ({"from": "2025-01-01T00:00:00Z"}, "must be at most 400 days before to, by day"),
    ],
)
def test_a_range_that_costs_too_much_is_refused(
    query: Query, range_: dict[str, str], message: str
) -> None:
    response = query.get(OVERVIEW, **range_)
    assert response.status == 422
    assert response.body["errors"] == [{"location": "query.from", "message": message}]


@pytest.mark.parametrize(
    ("range_", "most"),
    [
        ({"from": "2026-08-25T00:00:00Z"}, 4 * (2 + 8 + 3 * 4) + 24),
        ({"from": "2026-11-16T00:00:00Z", "interval": "hour"}, 4 * (2 + 16 + 3 * 2) + 24),
        ({"from": "2025-11-01T00:00:00Z"}, 4 * (3 + 27) + 24),
    ],
    ids=str,
)
def test_reads_are_bounded_by_months_and_dimensions_and_not_by_insights(
    query: Query, range_: dict[str, str], most: int
) -> None:
    """The 24 are those of the page, the profile, the budget and the status."""
    query.save(made(number, ago(minutes=number)) for number in range(60))
    sent: list[str] = []
    events = query.parts.dynamodb.meta.events
    events.register("before-call.dynamodb", lambda model, **_: sent.append(model.name))
    assert query.get(OVERVIEW, **range_).status == 200
    assert len(sent) <= most


def test_fields_of_a_range_over_100_days_are_left_out(query: Query) -> None:
    query.save([made(1)])
    body = query.get(OVERVIEW, **{"from": "2026-08-01T00:00:00Z"}).body
    assert [one["by"] for one in body["dimensions"]] == ["topic"]


def test_an_unchanged_overview_is_not_sent_twice(query: Query) -> None:
    query.save([made(1)])
    tag = query.get(OVERVIEW).headers["ETag"]
    again = query.send(api_event("GET", OVERVIEW, headers={"If-None-Match": tag}))
    assert (again.status, again.body) == (304, "")
