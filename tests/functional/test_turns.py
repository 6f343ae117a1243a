"""Conversations as messages, their time and their external_id, through the functions on moto."""

from __future__ import annotations

from typing import Any

import pytest

from grok_insights.wiring import Parts
from tests.builders import LambdaContext, api_event, insight
from tests.functional.query import LIST, ClientResponse, Query
from tests.functional.test_ingest import BULK, ONE, Ingest

CUSTOMER = {
    "role": "customer",
    "text": "Where is my\nparcel?",
    "at": "2026-11-20T10:00:00.1239+02:00",
}
AGENT = {"role": "agent", "text": "It arrives tomorrow.", "name": "Priya"}
MESSAGES = [CUSTOMER, AGENT]
SHOWN = [
    {**CUSTOMER, "at": "2026-11-20T08:00:00.123Z", "name": None},
    {**AGENT, "at": None},
]
NAMED = {"external_id": "t-1"}


@pytest.fixture
def ingest(parts: Parts) -> Ingest:
    return Ingest(parts)


@pytest.fixture
def query(parts: Parts) -> Query:
    return Query(parts)


def delete(ingest: Ingest, **query: str) -> int:
    response = ingest.http_handler(api_event("DELETE", ONE, query=query), LambdaContext())
    status: int = response["statusCode"]
    return status


def by_name(query: Query, name: str) -> ClientResponse:
    return query.get(ONE, external_id=name)


# ------------------------------------------------------------------ messages


def test_messages_are_shown_as_they_were_sent(ingest: Ingest, query: Query) -> None:
    status, body, _ = ingest.post(ONE, {"messages": MESSAGES})
    shown = query.get(f"{ONE}/{body['id']}").body
    assert status == 202
    assert (shown["text"], shown["messages"]) == (None, SHOWN)


def test_a_text_is_shown_without_messages(ingest: Ingest, query: Query) -> None:
    _, body, _ = ingest.post(ONE, {"text": "Customer: Hello"})
    shown = query.get(f"{ONE}/{body['id']}").body
    assert (shown["text"], shown["messages"]) == ("Customer: Hello", None)


def test_the_same_messages_again_are_the_same_conversation(ingest: Ingest) -> None:
    _, first, _ = ingest.post(ONE, {**NAMED, "messages": MESSAGES})
    status, second, _ = ingest.post(ONE, {**NAMED, "messages": MESSAGES})
    assert (status, second) == (202, first)


def test_a_repeat_compares_the_content_and_the_first_time_and_metadata_stand(
    ingest: Ingest, query: Query
) -> None:
    first = {"occurred_at": "2020-02-29T12:00:00+01:00", "metadata": {"channel": "mail"}}
    ingest.post(ONE, {**NAMED, "messages": MESSAGES, **first})
    second = {"occurred_at": "2021-01-01T00:00:00Z", "metadata": {"channel": "chat"}}
    assert ingest.post(ONE, {**NAMED, "messages": MESSAGES, **second})[0] == 202
    assert ingest.post(ONE, {**NAMED, "messages": MESSAGES})[0] == 202
    stored = by_name(query, "t-1").body
    assert stored["occurred_at"] == "2020-02-29T11:00:00.000Z"
    assert stored["metadata"] == {"channel": "mail"}


@pytest.mark.parametrize(
    "other",
    [
        {"messages": MESSAGES[:1]},
        {"messages": [AGENT, CUSTOMER]},
        {"messages": [CUSTOMER, {**AGENT, "role": "bot"}]},
        {"messages": [CUSTOMER, {**AGENT, "text": "It arrives  tomorrow."}]},
        {"messages": [CUSTOMER, {**AGENT, "name": "Tom"}]},
        {"messages": [{**CUSTOMER, "at": None}, AGENT]},
        {"text": "Customer: Where is my parcel?\nAgent: It arrives tomorrow."},
    ],
    ids=["fewer", "another order", "role", "white space", "name", "at", "the same text"],
)
def test_other_content_under_the_same_external_id_is_a_conflict(
    ingest: Ingest, other: dict[str, Any]
) -> None:
    ingest.post(ONE, {**NAMED, "messages": MESSAGES})
    status, problem, _ = ingest.post(ONE, {**NAMED, **other})
    assert (status, problem["detail"]) == (
        409,
        "this external_id belongs to a conversation with other content",
    )


@pytest.mark.parametrize(
    ("sent", "location", "message"),
    [
        ({}, "text", "is missing: send text or messages"),
        ({"text": "x", "messages": MESSAGES}, "text", "must not be sent together with messages"),
        (
            {"messages": [{**AGENT, "text": "x" * 50_000}, {**AGENT, "text": "x" * 50_001}]},
            "messages",
            "must have at most 100000 characters together",
        ),
        ({"messages": [{**AGENT, "at": "noon"}]}, "messages.0.at", None),
    ],
)
def test_messages_that_are_not_acceptable_are_named_alone_and_in_bulk(
    ingest: Ingest, sent: dict[str, Any], location: str, message: str | None
) -> None:
    status, problem, _ = ingest.post(ONE, sent)
    assert status == 422
    assert [fault["location"] for fault in problem["errors"]] == [f"body.{location}"]
    _, bulk, _ = ingest.post(BULK, {"conversations": [{"messages": MESSAGES}, sent]})
    assert [result["status"] for result in bulk["results"]] == ["enqueued", "rejected"]
    [fault] = bulk["results"][1]["error"]["errors"]
    assert fault["location"] == location
    assert fault["message"] == (message or fault["message"])


def test_a_thousand_messages_of_many_bytes_fit_an_item(ingest: Ingest, query: Query) -> None:
    messages = [{"role": "customer", "text": "\N{GRINNING FACE}" * 80, "name": "x"}] * 1_000
    metadata = {"k": "\x01" * 1_300}
    name = "\N{GRINNING FACE}" * 256
    sent = {"messages": messages, "metadata": metadata, "external_id": name}
    assert ingest.post(ONE, sent)[0] == 202
    assert len(by_name(query, name).body["messages"]) == 1_000


# ------------------------------------------------------------------ when it took place


@pytest.mark.parametrize(
    ("occurred_at", "message"),
    [
        ("1999-12-31T23:59:59.999Z", "must be from 2000-01-01T00:00:00Z to one day ahead"),
        ("2026-11-24T10:15:00.001Z", "must be from 2000-01-01T00:00:00Z to one day ahead"),
        ("2026-11-25T10:15:00Z", "must be from 2000-01-01T00:00:00Z to one day ahead"),
        ("9999-12-31T23:59:59-14:00", "must be from 2000-01-01T00:00:00Z to one day ahead"),
        ("2026-11-20T10:15:00", "must be an instant like 2026-11-23T10:15:00Z, with its zone"),
        ("2026-11-20", "must be an instant like 2026-11-23T10:15:00Z, with its zone"),
        (1_700_000_000, "must be an instant like 2026-11-23T10:15:00Z, with its zone"),
    ],
)
def test_a_time_at_which_nothing_can_have_taken_place_is_named_alone_and_in_bulk(
    ingest: Ingest, occurred_at: Any, message: str
) -> None:
    sent = {"text": "x", "occurred_at": occurred_at}
    status, problem, _ = ingest.post(ONE, sent)
    fault = {"location": "body.occurred_at", "message": message}
    assert (status, problem["errors"]) == (422, [fault])
    _, bulk, _ = ingest.post(BULK, {"conversations": [sent, {"text": "x"}]})
    assert [result["status"] for result in bulk["results"]] == ["rejected", "enqueued"]
    fault = {"location": "occurred_at", "message": message}
    assert bulk["results"][0]["error"]["errors"] == [fault]


@pytest.mark.parametrize(
    ("occurred_at", "shown"),
    [
        ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00.000Z"),
        ("2026-11-24T10:15:00Z", "2026-11-24T10:15:00.000Z"),
        ("2024-02-29T23:30:00-05:00", "2024-03-01T04:30:00.000Z"),
        (None, "2026-11-23T10:15:00.000Z"),
    ],
)
def test_a_time_from_2000_to_a_day_ahead_is_kept_in_utc(
    ingest: Ingest, query: Query, occurred_at: str | None, shown: str
) -> None:
    ingest.post(ONE, {**NAMED, "text": "x", "occurred_at": occurred_at})
    assert by_name(query, "t-1").body["occurred_at"] == shown


# ------------------------------------------------------------------ by external_id

NAMES = ["t-1", "a/b?c=d&e f+g%20h", "Grüße 🙂", " padded ", "x" * 256]


@pytest.mark.parametrize("name", NAMES)
def test_a_conversation_is_found_and_deleted_by_its_external_id(
    ingest: Ingest, query: Query, name: str
) -> None:
    _, body, _ = ingest.post(ONE, {"external_id": name, "text": "Hello"})
    found = by_name(query, name)
    assert (found.status, found.body["id"], found.body["external_id"]) == (200, body["id"], name)
    assert found.body == query.get(f"{ONE}/{body['id']}").body
    assert delete(ingest, external_id=name) == 204
    assert by_name(query, name).status == 404
    assert delete(ingest, external_id=name) == 404


def test_an_external_id_that_nobody_sent_is_not_found(ingest: Ingest, query: Query) -> None:
    _, body, _ = ingest.post(ONE, {"text": "Hello"})
    assert by_name(query, body["id"]).status == 404
    assert by_name(query, "t-2").body["detail"] == "there is no conversation with this external_id"


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({}, "is missing"),
        ({"external_id": ""}, "must not be blank"),
        ({"external_id": " \t"}, "must not be blank"),
        ({"external_id": "x" * 257}, "must have at most 256 characters"),
    ],
)
def test_an_external_id_is_checked_in_the_query_as_in_the_body(
    parts: Parts, query: Query, sent: dict[str, str], message: str
) -> None:
    fault = {"location": "query.external_id", "message": message}
    response = query.get(ONE, **sent)
    assert (response.status, response.body["errors"]) == (422, [fault])
    assert delete(Ingest(parts), **sent) == 422


def test_reading_and_deleting_by_external_id_are_rate_limited(ingest: Ingest, query: Query) -> None:
    for _ in range(30):
        by_name(query, "t-1")
        delete(ingest, external_id="t-1")
    assert by_name(query, "t-1").status == 429
    assert delete(ingest, external_id="t-1") == 429


def test_an_insight_and_its_place_in_a_list_show_the_external_id(query: Query) -> None:
    query.save([insight(external_id="t-1")])
    [listed] = query.get(LIST).body["items"]
    assert listed["external_id"] == "t-1"
    assert query.get(f"{LIST}/{listed['id']}").body["external_id"] == "t-1"
