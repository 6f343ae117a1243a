"""The pipeline on the emulator: conversations in over HTTP, insights out, with IAM enforced."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.conftest import Client, NewClient, Stack, until

ANGRY = "My parcel is three weeks late and nobody answers. I want a refund now!"
Unique = Callable[[str], str]


def completed(client: Client, identity: str) -> bool:
    return client.get(f"/api/v1/insights/{identity}").status_code == 200


def insight(client: Client, identity: str) -> dict[str, Any]:
    until(lambda: completed(client, identity), 30, "the insight")
    body: dict[str, Any] = client.get(f"/api/v1/insights/{identity}").json()
    return body


def test_a_conversation_gets_its_insight(client: Client) -> None:
    response = client.post(
        "/api/v1/conversations", {"text": ANGRY, "metadata": {"channel": "mail"}}
    )
    assert response.status_code == 202
    identity = response.json()["id"]
    found = insight(client, identity)
    assert found["sentiment"] == "negative"
    assert "refund" in found["topics"]
    assert found["meta"]["mock"] is True
    assert client.get(f"/api/v1/insights/conversation/{identity}").json() == found
    stored = client.get(f"/api/v1/conversations/{identity}").json()
    assert (stored["text"], stored["status"]) == (ANGRY, "completed")
    assert stored["metadata"] == {"channel": "mail"}


def test_the_location_of_a_conversation_leads_to_its_insight(client: Client) -> None:
    response = client.post("/api/v1/conversations", {"text": "All fine, thank you"})
    address = response.request.url.join(response.headers["location"])
    assert client.http.get(address).status_code in {200, 202}


def test_what_waits_is_202_and_what_is_not_there_is_404(client: Client) -> None:
    assert client.get(f"/api/v1/insights/{uuid4()}").status_code == 404
    body = client.bulk([{"text": f"{ANGRY} {number}"} for number in range(60)])
    response = client.get(f"/api/v1/insights/{body['results'][-1]['id']}")
    assert response.status_code in {200, 202}
    if response.status_code == 202:
        assert response.json()["status"] == "enqueued"
        assert int(response.headers["retry-after"]) > 0


def test_the_same_conversation_again_is_not_analysed_twice(client: Client, unique: Unique) -> None:
    one = {"external_id": unique("twice"), "text": ANGRY}
    first = client.post("/api/v1/conversations", one).json()
    second = client.post("/api/v1/conversations", one).json()
    assert first["id"] == second["id"]
    before = insight(client, first["id"])
    third = client.post("/api/v1/conversations", one)
    assert (third.status_code, third.json()["status"]) == (202, "completed")
    assert insight(client, first["id"]) == before


def test_another_text_is_a_conflict(client: Client, unique: Unique) -> None:
    name = unique("conflict")
    client.post("/api/v1/conversations", {"external_id": name, "text": ANGRY})
    response = client.post("/api/v1/conversations", {"external_id": name, "text": "Other"})
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"


def test_every_api_path_needs_a_key_and_health_needs_none(new_client: NewClient) -> None:
    for key in ("", "wrong"):
        stranger = new_client(key)
        assert stranger.get("/api/v1/insights").status_code == 403
        assert stranger.post("/api/v1/conversations", {"text": "x"}).status_code == 403
        assert stranger.get("/health").status_code == 200


def test_one_address_is_limited_and_another_is_not(new_client: NewClient, client: Client) -> None:
    statuses = Counter(client.get("/api/v1/insights", limit=1).status_code for _ in range(130))
    assert 60 <= statuses[200] <= 120  # a new window may have started in between
    assert statuses[429] == 130 - statuses[200]
    assert new_client().get("/api/v1/insights", limit=1).status_code == 200


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"text": ""}', '{"text": 1}', '{"text": "\\ud83d"}']
)
def test_the_response_to_bad_input_says_what_is_wrong(client: Client, body: str) -> None:
    response = client.http.post(
        "/api/v1/conversations", content=body, headers={"content-type": "application/json"}
    )
    assert response.status_code in {400, 422}
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["errors"]


def test_five_hundred_are_all_analysed_exactly_once_and_trends_equal_a_recount(
    stack: Stack, client: Client, new_client: NewClient, unique: Unique
) -> None:
    names = [unique("many") for _ in range(500)]
    body = client.bulk([{"external_id": name, "text": f"{ANGRY} {name}"} for name in names])
    assert body["accepted"] == 500
    wanted = {result["id"] for result in body["results"]}

    def all_there() -> bool:
        found = {item["conversation_id"]["S"] for item in stack.items("INSIGHTS_TABLE_NAME")}
        return wanted <= found

    until(all_there, 120, "500 insights")
    settle(stack, client)
    assert stack.counted() == stack.recounted()
    first = datetime.now(UTC) - timedelta(days=200)  # other tests import conversations of the past
    parameters = {"interval": "day", "from": first.isoformat()}
    trends = new_client().get("/api/v1/insights/trends", **parameters).json()
    times = [one["occurred_at"]["S"] for one in stack.insights()]
    within = [one for one in times if trends["from"] <= one < trends["to"]]
    assert trends["totals"]["count"] == len(within)


def settle(stack: Stack, client: Client) -> None:
    """Wait until no message is waiting any more."""
    until(lambda: client.get("/health").json()["queue"]["depth"] == 0, 60, "an empty queue")
    queue = stack.name("ANALYSIS_QUEUE_URL")

    def none_in_flight() -> bool:
        found = stack.session.sqs().get_queue_attributes(
            QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
        )
        return found["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"

    until(none_in_flight, 60, "no message in flight")


def test_a_message_that_is_delivered_again_counts_once(stack: Stack, client: Client) -> None:
    identity = client.post("/api/v1/conversations", {"text": ANGRY}).json()["id"]
    before = insight(client, identity)
    message = (
        f'{{"conversation_id": "{identity}", "attempt": 1, "enqueued_at": "2026-11-23T10:00:00Z"}}'
    )
    for _ in range(3):
        stack.session.sqs().send_message(
            QueueUrl=stack.name("ANALYSIS_QUEUE_URL"), MessageBody=message
        )
    settle(stack, client)
    assert insight(client, identity) == before
    assert stack.counted() == stack.recounted()


def test_a_function_killed_in_the_middle_of_a_batch_loses_nothing(
    stack: Stack, client: Client, unique: Unique
) -> None:
    name = stack.name("ANALYSIS_FUNCTION_NAME")
    texts = [{"external_id": unique("killed"), "text": f"{ANGRY} {n}"} for n in range(100)]
    wanted = {result["id"] for result in client.bulk(texts)["results"]}
    killed = 0

    def kill() -> bool:
        nonlocal killed
        killed += kill_workers(name)
        return killed > 0

    until(kill, 10, "a worker to kill")

    def all_there() -> bool:
        found = {item["conversation_id"]["S"] for item in stack.items("INSIGHTS_TABLE_NAME")}
        return wanted <= found

    until(all_there, 120, "the insights of a killed batch")
    settle(stack, client)
    assert stack.counted() == stack.recounted()


def kill_workers(function_name: str) -> int:
    """Kill the processes of a function as a crash would; return how many there were."""
    found = subprocess.run(
        ["pgrep", "-f", f"ministack-lambda-{function_name}-"],
        capture_output=True,
        text=True,
        check=False,
    )
    processes = [int(line) for line in found.stdout.split()]
    for process in processes:
        os.kill(process, signal.SIGKILL)
    return len(processes)


def test_no_log_holds_a_text_or_a_key(stack: Stack, client: Client) -> None:
    secret = f"my secret is {uuid4()}"
    identity = client.post("/api/v1/conversations", {"text": secret}).json()["id"]
    insight(client, identity)
    client.http.post("/api/v1/conversations", json={"text": secret, "unknown": secret})
    logs = stack.session.logs()
    lines: list[str] = []
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        lines += [event["message"] for page in pages for event in page["events"]]
    assert lines
    assert not [line for line in lines if secret in line or stack.name("API_KEY") in line]
