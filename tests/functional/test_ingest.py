"""The ingest function, with real events, on tables of moto."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto import mock_aws

from functions.ingest.app import create_app
from grok_insights.wiring import Parts
from tests.builders import LambdaContext, api_event
from tests.functional.conftest import Clock, make_parts

ONE = "/api/v1/conversations"
BULK = "/api/v1/conversations/bulk"


class Ingest:
    """The ingest function with parts of a test."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.http_handler = create_app(parts)

    def post(
        self, path: str, body: Any, **event: Any
    ) -> tuple[int, dict[str, Any], dict[str, Any]]:
        response = self.http_handler(api_event("POST", path, body, **event), LambdaContext())
        headers = {name: values[0] for name, values in response["multiValueHeaders"].items()}
        return response["statusCode"], json.loads(response["body"]), headers

    def waiting(self) -> list[str]:
        """Return the ids in the queue, one for each message; delayed messages are not included."""
        url = self.parts.settings.analysis_queue_url
        received = self.parts.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(m["Body"])["conversation_id"] for m in received.get("Messages", [])]


@pytest.fixture
def ingest(parts: Parts) -> Ingest:
    return Ingest(parts)


def test_a_conversation_is_stored_and_put_into_the_queue(ingest: Ingest) -> None:
    status, body, headers = ingest.post(ONE, {"text": "My parcel is late"})
    assert (status, body["status"]) == (202, "enqueued")
    assert headers["Location"] == f"insights/{body['id']}"
    assert ingest.waiting() == [body["id"]]
    stored = ingest.parts.conversations.get(body["id"])
    assert stored is not None
    assert stored.text == "My parcel is late"


def test_an_external_id_always_gives_the_same_id(ingest: Ingest) -> None:
    _, first, _ = ingest.post(ONE, {"external_id": "t-1", "text": "Hello"})
    status, second, _ = ingest.post(ONE, {"external_id": "t-1", "text": "Hello"})
    assert (status, second) == (202, first)


def test_another_text_under_the_same_external_id_is_a_conflict(ingest: Ingest) -> None:
    ingest.post(ONE, {"external_id": "t-1", "text": "Hello"})
    status, problem, headers = ingest.post(ONE, {"external_id": "t-1", "text": "Bye"})
    assert (status, problem["title"]) == (409, "Conflict")
    assert headers["Content-Type"] == "application/problem+json"


def test_a_failed_enqueue_is_never_answered_with_202_and_a_later_request_repairs_it(
    ingest: Ingest,
) -> None:
    queue = ingest.parts.settings.analysis_queue_url
    ingest.parts.sqs.delete_queue(QueueUrl=queue)
    status, _, headers = ingest.post(ONE, {"external_id": "t-1", "text": "Hello"})
    assert (status, headers["Retry-After"]) == (503, "1")

    ingest.parts.sqs.create_queue(QueueName="analysis")
    status, body, _ = ingest.post(ONE, {"external_id": "t-1", "text": "Hello"})
    assert (status, body["status"]) == (202, "enqueued")
    depth = ingest.parts.queue.depth()
    assert depth == 1


def test_the_same_request_many_times_over_sends_at_most_one_more_message(
    ingest: Ingest,
) -> None:
    for _ in range(5):
        ingest.post(ONE, {"external_id": "t-1", "text": "Hello"})
    assert ingest.parts.queue.depth() == 2


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({"text": ""}, "body.text"),
        ({"text": " \n\t"}, "body.text"),
        ({"text": 5}, "body.text"),
        ({"text": None}, "body.text"),
        ({}, "body.text"),
        ({"text": "x" * 100_001}, "body.text"),
        ({"text": "\ud800"}, "body.text"),
        ({"text": "x", "external_id": ""}, "body.external_id"),
        ({"text": "x", "external_id": "y" * 257}, "body.external_id"),
        ({"text": "x", "metadata": [1]}, "body.metadata"),
        ({"text": "x", "metadata": {"k": "v" * 9_000}}, "body.metadata"),
        ({"text": "x", "externalId": "typo"}, "body.externalId"),
        ([], "body"),
    ],
)
def test_bad_input_is_refused_with_the_field_at_fault(
    ingest: Ingest, body: Any, location: str
) -> None:
    status, problem, _ = ingest.post(ONE, body)
    assert status == 422
    assert [fault["location"] for fault in problem["errors"]] == [location]
    assert ingest.waiting() == []


@pytest.mark.parametrize("body", ["{", "nonsense", '{"text": "x"', "[" * 100_000])
def test_a_body_that_is_no_json_is_a_bad_request(ingest: Ingest, body: str) -> None:
    status, problem, _ = ingest.post(ONE, body)
    assert (status, problem["title"]) == (400, "Bad Request")


def test_one_bad_item_never_refuses_the_others(ingest: Ingest) -> None:
    status, body, _ = ingest.post(
        BULK, {"conversations": [{"text": "fine"}, {"text": ""}, 7, {"text": "fine too"}]}
    )
    assert status == 202
    assert [result["status"] for result in body["results"]] == [
        "enqueued",
        "rejected",
        "rejected",
        "enqueued",
    ]
    assert (body["accepted"], body["rejected"]) == (2, 2)
    assert len(ingest.waiting()) == 2


def test_the_same_external_id_twice_in_one_bulk_is_one_conversation_or_a_conflict(
    ingest: Ingest,
) -> None:
    items = [
        {"external_id": "a", "text": "one"},
        {"external_id": "a", "text": "one"},
        {"external_id": "a", "text": "two"},
    ]
    _, body, _ = ingest.post(BULK, {"conversations": items})
    first, second, third = body["results"]
    assert first["id"] == second["id"]
    assert (third["status"], third["error"]["status"]) == ("rejected", 409)
    assert len(ingest.waiting()) == 1


@pytest.mark.parametrize("items", [[], [{"text": "x"}] * 501, "x", None])
def test_a_bad_list_is_refused_as_a_whole(ingest: Ingest, items: Any) -> None:
    status, problem, _ = ingest.post(BULK, {"conversations": items})
    assert status == 422
    assert problem["errors"][0]["location"] == "body.conversations"


def test_five_hundred_take_few_requests_to_aws(ingest: Ingest) -> None:
    calls: list[str] = []
    for client in (ingest.parts.dynamodb, ingest.parts.sqs):
        client.meta.events.register("before-call", lambda model, **_: calls.append(model.name))
    items = [{"external_id": str(number), "text": f"text {number}"} for number in range(500)]
    _, body, _ = ingest.post(BULK, {"conversations": items})
    assert body["accepted"] == 500
    assert calls.count("TransactWriteItems") == 5
    assert calls.count("SendMessageBatch") == 50
    assert len(calls) == 57


def test_the_61st_request_in_a_minute_is_one_too_many(ingest: Ingest, clock: Clock) -> None:
    for _ in range(60):
        assert ingest.post(ONE, {"text": "x"})[0] == 202
    status, _, headers = ingest.post(ONE, {"text": "x"})
    assert status == 429
    assert headers["RateLimit-Remaining"] == "0"
    assert 1 <= int(headers["Retry-After"]) <= 60
    assert ingest.post(ONE, {"text": "x"}, source_ip="192.0.2.2")[0] == 202
    clock.move(seconds=60)
    assert ingest.post(ONE, {"text": "x"})[0] == 202


def test_the_rate_limit_fails_open_when_its_store_is_down(ingest: Ingest) -> None:
    ingest.parts.dynamodb.delete_table(TableName=ingest.parts.settings.state_table)
    status, _, headers = ingest.post(ONE, {"text": "x"})
    assert status == 202
    assert "RateLimit-Limit" not in headers


def test_a_full_queue_returns_503_and_when_to_come_back(clock: Clock) -> None:
    with mock_aws():
        ingest = Ingest(make_parts(clock, MAX_QUEUE_DEPTH="2"))
        items = [{"text": str(number)} for number in range(3)]
        status, _, headers = ingest.post(BULK, {"conversations": items})
        assert (status, headers["Retry-After"]) == (503, "30")
        assert ingest.post(BULK, {"conversations": items[:2]})[0] == 202


def test_an_unknown_path_is_a_problem_too(ingest: Ingest) -> None:
    status, problem, _ = ingest.post("/api/v1/nonsense", {})
    assert (status, problem["title"]) == (404, "Not Found")
