"""Lists by fields, segments and ``external_id``, and documents that changed after their index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from moto import mock_aws

from grok_insights.aws.insights.documents import IndexEntry
from grok_insights.aws.insights.item import insight_to_item
from grok_insights.aws.insights.timeline import Partition, Run, merge
from grok_insights.domain.conversation import conversation_id
from grok_insights.domain.insight import Analysis, Insight, Sentiment
from tests.builders import LIFETIME
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import LIST, Query, identity, numbered

POSITIVE = Sentiment.POSITIVE


def labelled(number: int) -> Insight:
    """Return the numbered insight with two fields and a segment."""
    one = numbered(number)
    fields = {"resolved": number % 2 == 0, "effort": number % 3, "unknown": None}
    return replace(
        one,
        outcome=replace(one.outcome, fields=fields, text_fields={"competitor": "Acme"})
        if isinstance(one.outcome, Analysis)
        else one.outcome,
        external_id=f"ticket-{number}",
        conversation_id=conversation_id(f"ticket-{number}", uuid4),
        segments={"channel": ("chat", "mail")[number % 4 // 2]},
    )


@pytest.fixture(scope="module")
def query() -> Iterator[Query]:
    with mock_aws():
        query = Query(make_parts(Clock(), RATE_LIMIT_REQUESTS="1000000"))
        query.save(labelled(number) for number in range(84))
        yield query


@pytest.mark.parametrize(
    "filters",
    [
        {"field.resolved": "true"},
        {"field.effort": "2", "segment.channel": "mail"},
        {"field.effort": "1", "topic": "refund", "segment.channel": "chat"},
        {"field.resolved": "false", "sentiment": "negative", "status": "completed"},
        {"field.resolved": "false", "topic": "delivery", "sentiment": "neutral"},
        {"segment.channel": "mail", "status": "failed"},
        {"field.effort": "4"},
        {"field.competitor": "Acme"},
        {"field.unknown": "None"},
    ],
    ids=str,
)
def test_filters_by_fields_and_segments_find_what_matches(
    query: Query, filters: dict[str, str]
) -> None:
    def matches(one: Insight) -> bool:
        if not isinstance(one.outcome, Analysis):
            return False
        found = {
            **{f"field.{name}": str(value).lower() for name, value in one.outcome.fields.items()},
            "segment.channel": one.segments["channel"],
            "sentiment": one.outcome.sentiment,
            "status": "completed",
        }
        wanted = {name: value for name, value in filters.items() if name != "topic"}
        has_topic = filters.get("topic") in {None, *one.outcome.topics}
        return has_topic and wanted.items() <= found.items()

    pages = query.pages(limit="5", **filters)
    assert [one for page in pages for one in page] == [
        one.conversation_id for one in map(labelled, range(84)) if matches(one)
    ]


def test_an_external_id_finds_its_own_insight_if_the_other_filters_match(
    query: Query,
) -> None:
    def found(**filters: str) -> list[str]:
        body = query.get(LIST, external_id="ticket-3", **filters).body
        assert body["next_cursor"] is None
        return [item["external_id"] for item in body["items"]]

    assert found() == found(**{"segment.channel": "mail"}) == ["ticket-3"]
    assert found(**{"segment.channel": "chat"}) == found(status="failed") == []
    assert found(**{"from": "2026-11-23T10:13:00Z"}) == []
    assert query.get(LIST, external_id="nobody").body["items"] == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("field.", "x", "must be field. and a name in snake_case, or segment. and a name"),
        ("field.Two Words", "x", "must be field. and a name in snake_case, or segment. and a name"),
        ("segment.", "x", "must be field. and a name in snake_case, or segment. and a name"),
        ("field.resolved", "", "must have 1 to 100 characters"),
        ("field.resolved", "x" * 101, "must have 1 to 100 characters"),
        ("labels", "x", "is not a known name"),
        ("fields.resolved", "true", "is not a known name"),
        ("external_id", " ", "must not be blank"),
    ],
)
def test_a_filter_that_does_not_exist_is_refused_by_its_name(
    query: Query, name: str, value: str, message: str
) -> None:
    response = query.get(LIST, **{name: value})
    assert response.status == 422
    assert response.body["errors"] == [{"location": f"query.{name}", "message": message}]


def test_a_cursor_belongs_to_its_fields_and_segments_too(query: Query) -> None:
    body = query.get(LIST, limit="3", **{"field.resolved": "true"}).body
    others = ({"field.resolved": "false"}, {"segment.channel": "chat"}, {"external_id": "ticket-1"})
    for other in others:
        response = query.get(LIST, cursor=body["next_cursor"], **other)
        assert response.status == 400


def test_documents_are_shown_as_they_are_now_and_not_as_their_index_was(query: Query) -> None:
    """One insight is erased, one replaced and one gets another mood after the index was read."""
    whole_list = query.get(LIST, sentiment="positive", limit="4").body["items"]
    erased, replaced, changed, kept = (item["external_id"] for item in whole_list)
    parts, table = query.parts, query.parts.insights

    def put(external_id: str, **outcome: Any) -> None:
        one = labelled(int(external_id.removeprefix("ticket-")))
        assert isinstance(one.outcome, Analysis)
        one = replace(one, outcome=replace(one.outcome, **outcome))
        item = insight_to_item(one, table.shards, LIFETIME, revision=2)
        parts.dynamodb.put_item(TableName=table.table, Item=item)

    def change(**_: Any) -> None:
        events.unregister("provide-client-params.dynamodb.BatchGetItem", unique_id="change")
        key = {"conversation_id": {"S": conversation_id(erased, uuid4)}}
        parts.dynamodb.delete_item(TableName=table.table, Key=key)
        put(replaced, summary="New.")
        put(changed, sentiment=Sentiment.NEGATIVE)

    events = parts.dynamodb.meta.events
    events.register("provide-client-params.dynamodb.BatchGetItem", change, unique_id="change")
    shown = query.get(LIST, sentiment="positive", limit="4").body["items"]
    assert [item["external_id"] for item in shown] == [replaced, kept]
    assert shown[0]["summary"] == "New."


def test_an_insight_that_moves_between_two_indexes_while_they_are_read_is_shown_once() -> None:
    run = [Run(Partition("by_kind", "kind_shard", kind), "") for kind in ("positive#0", "failed#0")]
    entry = IndexEntry("2026-11-23T10:15:00.000ZAAAA", identity(1), "positive", "")
    for one in run:
        one.read.append(entry)
        one.is_ended = True
    found: list[IndexEntry] = []
    merge(run, found, 9)
    assert found == [entry]
