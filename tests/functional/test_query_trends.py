"""Trends and their recount, on tables of moto."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from moto import mock_aws

from grok_insights.aws.dynamodb.attributes import number
from grok_insights.domain.insight import Analysis, Cost, CostSource, Sentiment
from tests.builders import NOW, failed_insight, insight
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import TRENDS, Query, identity


@pytest.fixture
def query(clock: Clock) -> Iterator[Query]:
    with mock_aws():
        yield Query(make_parts(clock, RATE_LIMIT_REQUESTS="1000000"))


def save_some(query: Query) -> None:
    """Save three negative insights of now, a positive one 5 hours and a failed one 3 days old."""
    cost = Cost(100, 2_500_000, CostSource.REPORTED)
    late = {"created_at": NOW - timedelta(hours=5)}
    praise = Analysis("All is well.", Sentiment.POSITIVE, ("praise",))
    query.save(insight(conversation_id=identity(n), cost=cost) for n in range(3))
    query.save([insight(conversation_id=identity(3), cost=cost, outcome=praise, **late)])
    query.save([failed_insight(conversation_id=identity(4), occurred_at=NOW - timedelta(days=3))])


def test_a_day_by_hour_has_a_point_for_each_hour_and_zeros_where_nothing_was(query: Query) -> None:
    save_some(query)
    body = query.get(TRENDS).body
    assert len(body["series"]) == 24
    by_start = {point["start"]: point for point in body["series"]}
    assert by_start["2026-11-23T10:00:00.000Z"]["negative"] == 3
    assert by_start["2026-11-23T05:00:00.000Z"]["positive"] == 1
    assert by_start["2026-11-23T06:00:00.000Z"] == {
        "start": "2026-11-23T06:00:00.000Z",
        "count": 0,
        "positive": 0,
        "negative": 0,
        "neutral": 0,
        "failed": 0,
        "tokens_used": 0,
        "estimated_cost": "$0.00000",
        "mean_processing_time_ms": None,
    }
    assert body["totals"] == {
        "count": 4,
        "positive": 1,
        "negative": 3,
        "neutral": 0,
        "failed": 0,
        "tokens_used": 400,
        "estimated_cost": "$0.00100",
        "mean_processing_time_ms": 250,
    }
    assert body["top_topics"] == [
        {"topic": "delivery", "count": 3},
        {"topic": "refund", "count": 3},
        {"topic": "praise", "count": 1},
    ]


def test_a_month_by_day_counts_the_failed_ones_too(query: Query) -> None:
    save_some(query)
    body = query.get(TRENDS, interval="day").body
    assert len(body["series"]) == 30
    assert (body["totals"]["count"], body["totals"]["failed"]) == (5, 1)


def test_a_year_by_hour_takes_as_many_requests_as_it_has_months(query: Query) -> None:
    calls: list[str] = []
    query.parts.dynamodb.meta.events.register(
        "before-call", lambda model, **_: calls.append(model.name)
    )
    span = {"from": "2025-12-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
    body = query.get(TRENDS, **span).body
    assert len(body["series"]) == 8760
    assert calls.count("Query") == 12 * 4 + 12 * 4


@pytest.mark.parametrize(
    "span",
    [
        {"from": "2026-11-24T00:00:00Z"},
        {"from": "2026-11-23T00:00:00Z", "to": "2026-11-23T00:00:00Z"},
        {"from": "2025-11-21T00:00:00Z"},
        {"from": "2024-09-13T00:00:00Z", "interval": "day"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"from": "9999-12-31T23:59:59Z", "to": "9999-12-31T23:59:59.999999-12:00"},
    ],
)
def test_a_range_that_is_empty_or_too_long_is_refused(query: Query, span: dict[str, str]) -> None:
    response = query.get(TRENDS, **span)
    assert response.status == 422
    assert [fault["location"] for fault in response.body["errors"]] == ["query.from"]


def test_a_recount_of_the_insights_gives_the_counters(query: Query) -> None:
    save_some(query)
    body = query.get(TRENDS, verify="true").body
    assert body["recount"]["totals"] == body["totals"]
    assert body["recount"]["top_topics"] == body["top_topics"]
    assert set(body["difference"].values()) == {0}


def test_a_recount_shows_by_how_much_a_counter_is_wrong(query: Query) -> None:
    save_some(query)
    query.parts.dynamodb.update_item(
        TableName=query.parts.settings.trends_table,
        Key={"bucket": {"S": "hour#2026-11#1"}, "slot": {"S": "23T10"}},
        UpdateExpression="ADD negative :two",
        ExpressionAttributeValues={":two": number(2)},
    )
    difference = query.get(TRENDS, verify="true").body["difference"]
    assert difference == {
        **dict.fromkeys(("positive", "neutral", "failed", "tokens", "cost_ticks"), 0),
        "processing_ms": 0,
        "negative": 2,
        "points": 1,
        "topics": 0,
        "labels": 0,
    }


def save_labelled(query: Query) -> None:
    """Save insights with a field and a segment, on three days of two years."""
    moods = (Sentiment.NEGATIVE, Sentiment.NEGATIVE, Sentiment.POSITIVE)
    for place, (days, mood) in enumerate(zip((0, 1, 700), moods, strict=True)):
        query.save(
            [
                insight(
                    conversation_id=identity(20 + place),
                    occurred_at=NOW - timedelta(days=days),
                    outcome=Analysis("Late.", mood, ("refund",), {"churn_risk": "high"}),
                    segments={"channel": "chat" if days else "mail"},
                )
            ]
        )


LONG = {"from": "2024-09-15T00:00:00Z", "to": "2026-11-23T12:00:00Z", "interval": "day"}
"""800 days."""


@pytest.mark.parametrize(
    ("by", "label", "numbers"),
    [
        ("topic", "topic:refund", (3, 1, 2)),
        ("field.churn_risk", "field.churn_risk:high", (3, 1, 2)),
        ("segment.channel", "segment.channel:chat", (2, 1, 1)),
    ],
)
def test_labels_are_counted_by_sentiment_over_800_days(
    query: Query, by: str, label: str, numbers: tuple[int, int, int]
) -> None:
    save_labelled(query)
    body = query.get(TRENDS, by=by, **LONG).body
    assert (body["by"], len(body["series"])) == (by, 800)
    found = body["labels"][0]
    assert (found["label"], found["value"]) == (label, label.partition(":")[2])
    assert (found["count"], found["positive"], found["negative"]) == numbers
    assert [place for place, count in enumerate(found["series"]) if count][:2] == [99, 798]
    assert sum(found["series"]) == numbers[0]
    assert ("top_topics" in body) == (by == "topic")


def test_800_days_take_as_many_requests_as_they_have_months_and_years(query: Query) -> None:
    calls: list[str] = []
    query.parts.dynamodb.meta.events.register(
        "before-call", lambda model, **_: calls.append(model.name)
    )
    assert query.get(TRENDS, by="field.churn_risk", **LONG).status == 200
    assert calls.count("Query") == 27 * 4 + 3 * 4


@pytest.mark.parametrize(
    ("query_sent", "location", "message"),
    [
        ({"by": "field.churn_risk"}, "query.interval", "must be day where by is no topic"),
        ({"by": "topics"}, "query.by", "must be topic, field.NAME or segment.NAME"),
        ({"by": "field.Churn"}, "query.by", "must be topic, field.NAME or segment.NAME"),
    ],
)
def test_a_dimension_without_counters_is_refused_by_name(
    query: Query, query_sent: dict[str, str], location: str, message: str
) -> None:
    response = query.get(TRENDS, **query_sent)
    assert response.status == 422
    assert response.body["errors"] == [{"location": location, "message": message}]


def test_a_recount_of_two_years_gives_the_counters_of_all_labels(query: Query) -> None:
    save_labelled(query)
    body = query.get(TRENDS, verify="true", **LONG).body
    assert body["recount"]["totals"] == body["totals"]
    assert body["recount"]["status"] == "complete"
    assert set(body["difference"].values()) == {0}


@pytest.mark.parametrize(
    ("bucket", "slot", "part"),
    [
        ("segment.channel#2026-11#0", "chat", "labels"),
        ("field.churn_risk#2026-11#0", "low", "labels"),
        ("topic#2026-11#0", "refund", "topics"),
    ],
)
def test_a_recount_shows_that_a_label_is_counted_wrongly(
    query: Query, bucket: str, slot: str, part: str
) -> None:
    save_labelled(query)
    query.parts.dynamodb.update_item(
        TableName=query.parts.settings.trends_table,
        Key={"bucket": {"S": bucket}, "slot": {"S": slot}},
        UpdateExpression="ADD #name :one",
        ExpressionAttributeNames={"#name": "22-"},
        ExpressionAttributeValues={":one": number(1)},
    )
    difference = query.get(TRENDS, verify="true", **LONG).body["difference"]
    assert {name: number for name, number in difference.items() if number} == {part: 1}


def test_labels_that_are_too_long_for_the_index_are_recounted_too(query: Query) -> None:
    fields = {f"{place}".ljust(40, "n"): "v" * 40 for place in range(10)}
    outcome = Analysis("Late.", Sentiment.NEGATIVE, ("refund",), fields)
    query.save([insight(outcome=outcome)])
    body = query.get(TRENDS, verify="true", interval="day").body
    assert body["recount"]["top_topics"] == [{"topic": "refund", "count": 1}]
    assert set(body["difference"].values()) == {0}


def test_a_range_in_which_insights_have_expired_says_so_in_place_of_a_difference(
    query: Query, clock: Clock
) -> None:
    save_some(query)
    clock.move(days=91)
    span = {"from": "2026-11-23T00:00:00Z", "to": "2026-11-24T00:00:00Z", "interval": "day"}
    body = query.get(TRENDS, verify="true", **span).body
    assert (body["recount"]["status"], body["recount"]["expired"]) == ("partly expired", 4)
    assert body["recount"]["totals"]["count"] == 0
    assert body["totals"]["count"] == 4
    assert "difference" not in body


def test_an_insight_that_is_lost_before_it_expires_is_a_difference(query: Query) -> None:
    save_some(query)
    query.parts.dynamodb.delete_item(
        TableName=query.parts.insights.table, Key={"conversation_id": {"S": identity(0)}}
    )
    body = query.get(TRENDS, verify="true").body
    assert body["recount"]["status"] == "complete"
    assert (body["difference"]["negative"], body["difference"]["topics"]) == (1, 2)
