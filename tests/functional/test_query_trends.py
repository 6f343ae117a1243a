"""Trends and their recount, on tables of moto."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

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
        {"from": "2024-11-23T00:00:00Z"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"from": "9999-12-31T23:59:59Z", "to": "9999-12-31T23:59:59.999999-12:00"},
    ],
)
def test_a_range_that_is_empty_or_longer_than_a_year_is_refused(
    query: Query, span: dict[str, str]
) -> None:
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
    }


@pytest.mark.parametrize(
    "span",
    [
        {"from": "2026-11-21T00:00:00Z", "to": "2026-11-23T00:00:00Z"},
        {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T10:00:00Z"},
        {"from": "2026-08-26T00:00:00Z", "to": "2026-08-26T10:00:00Z"},
    ],
)
def test_only_a_day_of_what_is_kept_can_be_recounted(query: Query, span: dict[str, Any]) -> None:
    response = query.get(TRENDS, verify="true", **span)
    assert response.status == 422
    assert [fault["location"] for fault in response.body["errors"]] == ["query.verify"]
