"""Movers over HTTP: periods, incomplete periods, shares, and ranges that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from moto import mock_aws

from grok_insights.aws.dynamodb.attributes import number
from grok_insights.domain.insight import Analysis, Sentiment
from tests.builders import NOW, failed_insight, insight
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import Query, identity

MOVERS = "/api/v1/insights/movers"


@pytest.fixture
def query(clock: Clock) -> Iterator[Query]:
    with mock_aws():
        yield Query(make_parts(clock, RATE_LIMIT_REQUESTS="1000000"))


class Saved:
    """Saves insights with new ids."""

    def __init__(self, query: Query) -> None:
        self.query, self.numbers = query, count()

    def __call__(self, how_many: int, topic: str, *, negative: int = 0, **ago: float) -> None:
        moods = [Sentiment.NEGATIVE] * negative + [Sentiment.NEUTRAL] * (how_many - negative)
        self.query.save(
            insight(
                conversation_id=identity(next(self.numbers)),
                outcome=Analysis("A customer writes.", mood, (topic,), {"churn_risk": topic}),
                occurred_at=NOW - timedelta(**ago),
            )
            for mood in moods
        )


@pytest.fixture
def saved(query: Query) -> Saved:
    return Saved(query)


def test_a_topic_that_comes_up_more_often_is_first_and_significant(
    query: Query, saved: Saved
) -> None:
    saved(30, "refund", negative=15, days=1)
    saved(70, "delivery", days=2)
    saved(5, "refund", negative=1, days=8)
    saved(95, "delivery", days=9)
    query.save([failed_insight(conversation_id=identity(10**6), occurred_at=NOW)])
    body = query.get(MOVERS).body
    assert {**body, "movers": len(body["movers"])} == {
        "by": "topic",
        "period": {
            "from": "2026-11-16T10:00:00.000Z",
            "to": "2026-11-23T10:00:00.000Z",
            "completed": 100,
        },
        "before": {
            "from": "2026-11-09T10:00:00.000Z",
            "to": "2026-11-16T10:00:00.000Z",
            "completed": 100,
        },
        "movers": 2,
    }
    by_label = {mover["label"]: mover for mover in body["movers"]}
    assert by_label["topic:refund"] == {
        "label": "topic:refund",
        "value": "refund",
        "count": 30,
        "count_before": 5,
        "share": 0.3,
        "share_before": 0.05,
        "change": 0.25,
        "negative_share": 0.5,
        "negative_share_before": 0.2,
        "p_value": pytest.approx(7.6e-6, rel=0.1),
        "significant": True,
    }
    assert by_label["topic:delivery"]["change"] == pytest.approx(-0.25)
    assert len(query.get(MOVERS, top="1").body["movers"]) == 1


def test_a_label_of_one_period_only_has_no_negative_share_in_the_other(
    query: Query, saved: Saved
) -> None:
    saved(2, "refund", negative=1, days=1)
    [mover] = query.get(MOVERS).body["movers"]
    assert (mover["negative_share"], mover["negative_share_before"]) == (0.5, None)
    assert (mover["share"], mover["share_before"], mover["significant"]) == (1.0, 0.0, False)


def test_fields_are_compared_by_whole_days(query: Query, saved: Saved) -> None:
    saved(3, "high", days=0)
    saved(4, "high", days=1)
    saved(5, "high", days=8)
    body = query.get(MOVERS, by="field.churn_risk").body
    assert _spans(body) == [("11-16T00", "11-23T00"), ("11-09T00", "11-16T00")]
    assert [(m["label"], m["count"], m["count_before"]) for m in body["movers"]] == [
        ("field.churn_risk:high", 4, 5)
    ]


@pytest.mark.parametrize(
    ("asked", "by", "spans"),
    [
        # The week is not over: Monday until 10 o'clock, here and a week before.
        (
            ("2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
            "topic",
            [("11-23T00", "11-23T10"), ("11-16T00", "11-16T10")],
        ),
        # Seven days until now, which begin and end within a day.
        (
            ("2026-11-16T10:15:00Z", "2026-11-23T10:15:00Z"),
            "field.churn_risk",
            [("11-16T00", "11-23T00"), ("11-09T00", "11-16T00")],
        ),
        # A period that is over, and is extended to 8 days.
        (
            ("2026-11-10T12:00:00Z", "2026-11-17T12:00:00Z"),
            "segment.channel",
            [("11-10T00", "11-18T00"), ("11-02T00", "11-10T00")],
        ),
        # More than 31 days.
        (
            ("2026-10-01T05:00:00Z", "2026-11-05T00:00:00Z"),
            "topic",
            [("10-01T00", "11-05T00"), ("08-27T00", "10-01T00")],
        ),
    ],
)
def test_an_incomplete_period_is_compared_with_the_same_part_of_the_one_before(
    query: Query, asked: tuple[str, str], by: str, spans: list[tuple[str, str]]
) -> None:
    start, end = asked
    assert _spans(query.get(MOVERS, **{"from": start, "to": end}, by=by).body) == spans


def _spans(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(body[name]["from"][5:13], body[name]["to"][5:13]) for name in ("period", "before")]


@pytest.mark.parametrize(
    ("parameters", "location", "message"),
    [
        ({"from": "2026-11-23T10:00:00Z"}, "from", "must be before to"),
        (
            {"from": "2026-11-23T00:00:00Z", "to": "2026-11-22T00:00:00Z"},
            "from",
            "must be before to",
        ),
        ({"from": "2025-10-01T00:00:00Z"}, "from", "must be at most 400 days before to"),
        (
            {"from": "1999-12-31T23:59:59Z", "to": "2000-02-01T00:00:00Z"},
            "from",
            "must be from 2000-01-01T00:00:00Z",
        ),
        (
            {"from": "2026-11-23T10:00:00Z", "to": "2026-11-23T11:00:00Z"},
            "from",
            "must be at least one whole hour (UTC) before now",
        ),
        (
            {"from": "2026-11-23T00:00:00Z", "to": "2026-11-24T00:00:00Z", "by": "field.a"},
            "from",
            "must be at least one whole day (UTC) before now",
        ),
        ({"to": "0001-01-01T00:00:00+14:00"}, "from", "must be from 2000-01-01T00:00:00Z"),
        (
            {"from": "yesterday"},
            "from",
            "must be an instant like 2026-11-23T10:15:00Z, with its zone",
        ),
        ({"by": "summary"}, "by", "must be topic, field.NAME or segment.NAME"),
        ({"top": "0"}, "top", "must be at least 1"),
        ({"interval": "day"}, "interval", "is not a known name"),
    ],
)
def test_a_request_that_is_not_valid_is_refused_by_the_name_of_the_parameter(
    query: Query, parameters: dict[str, str], location: str, message: str
) -> None:
    response = query.get(MOVERS, **parameters)
    assert response.status == 422
    assert response.body["errors"] == [{"location": f"query.{location}", "message": message}]


def test_labels_that_are_ahead_of_the_totals_are_no_error(query: Query, saved: Saved) -> None:
    saved(1, "refund", days=1)
    query.parts.dynamodb.update_item(
        TableName=query.parts.settings.trends_table,
        Key={"bucket": {"S": "topic#2026-11#0"}, "slot": {"S": "refund"}},
        UpdateExpression="ADD #cell :two",
        ExpressionAttributeNames={"#cell": "21-"},
        ExpressionAttributeValues={":two": number(2)},
    )
    body = query.get(MOVERS).body
    assert (body["period"]["completed"], body["movers"][0]["share"]) == (3, 1.0)


def test_the_longest_period_takes_a_bounded_number_of_queries(query: Query) -> None:
    calls: list[str] = []
    query.parts.dynamodb.meta.events.register(
        "before-call", lambda model, **_: calls.append(model.name)
    )
    span = {"from": "2025-10-20T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
    assert query.get(MOVERS, **span).status == 200
    shards = query.parts.trends.shards
    assert calls.count("Query") <= 2 * shards * (14 + 2)
    assert set(calls) <= {"Query", "UpdateItem"}
