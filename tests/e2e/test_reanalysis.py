"""Jobs on stored insights on the emulator: the real state machine, functions and IAM policies."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import Client, NewClient, Stack, ended_job, until
from tests.e2e.test_events import Subscription

COUNT = 12
CHAT = {"channel": "chat"}


@pytest.fixture(scope="module")
def ids(new_client_of_module: NewClient) -> list[str]:
    """Return the ids of conversations that were analysed with the built-in profile."""
    client = new_client_of_module()
    sent = [
        {"text": f"My parcel {one} is late", "external_id": str(one), "metadata": CHAT}
        for one in (uuid4() for _ in range(COUNT))
    ]
    found = [one["id"] for one in client.bulk(sent)["results"]]
    until(lambda: all(_is_analysed(client, one) for one in found), 60, "the insights")
    return found


def _is_analysed(client: Client, conversation_id: str) -> bool:
    return client.get(f"/api/v1/insights/{conversation_id}").status_code == 200


@pytest.fixture
def old_topic(client: Client, ids: list[str]) -> Iterator[str]:
    """Activate a profile that merges a topic of all conversations, and names a segment.

    The profile before is active again afterwards.
    """
    topic = client.get(f"/api/v1/insights/{ids[0]}").json()["topics"][0]
    before = client.get("/api/v1/profile").json()["version"]
    labels = [{"name": "merged_topic", "aliases": [topic]}]
    profile = {"topics": {"mode": "open", "labels": labels}, "segments": ["channel"]}
    query, any_version = {"activate": "true"}, {"If-Match": "*"}
    put = client.http.put("/api/v1/profile", params=query, json=profile, headers=any_version)
    assert put.status_code in {200, 201}, put.text
    yield topic
    path = f"/api/v1/profile/versions/{before}/activate"
    assert client.http.post(path, headers=any_version).status_code == 200


def job_on_insights(client: Client, **options: Any) -> dict[str, Any]:
    """Start a job, and return it once it has ended."""
    started = client.post("/api/v1/jobs", options)
    assert started.status_code == 202, started.text
    job = ended_job(client, f"/api/v1/jobs/{started.json()['id']}", 180)
    assert job["status"] == "completed", job
    return job


def counters_equal_a_recount(client: Client, stack: Stack) -> bool:
    trends = client.get("/api/v1/insights/trends", verify="true").json()
    return not any(trends["difference"].values()) and stack.counted() == stack.recounted()


def versions(client: Client, conversation_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/insights/{conversation_id}/versions").json()
    return found


def test_a_filter_is_analysed_again_and_each_insight_keeps_its_version(
    client: Client, stack: Stack, ids: list[str]
) -> None:
    job = job_on_insights(client, kind="reanalysis", filter={"status": "completed"})
    assert job["outcomes"]["done"] >= len(ids)
    assert job["outcomes"]["failed"] == 0
    for one in ids:
        assert [item["current"] for item in versions(client, one)["items"]] == [True, False]
    assert counters_equal_a_recount(client, stack)


def test_a_remap_maps_topics_and_segments_anew_without_the_analysis(
    client: Client, stack: Stack, ids: list[str], old_topic: str
) -> None:
    subscription = Subscription(stack)
    created = {one: client.get(f"/api/v1/insights/{one}").json()["created_at"] for one in ids}
    planned = job_on_insights(client, kind="remap", dry_run=True)["outcomes"]
    outcomes = job_on_insights(client, kind="remap")["outcomes"]
    assert outcomes["done"] == planned["changed"] >= len(ids)
    assert (outcomes["changes"], outcomes["failed"]) == (planned["changes"], 0)
    for one in ids:
        after = client.get(f"/api/v1/insights/{one}").json()
        assert after["segments"] == CHAT
        assert "merged_topic" in after["topics"]
        assert old_topic not in after["topics"]
        assert after["created_at"] == created[one]
        changed = {change["name"] for change in versions(client, one)["diff"]["changes"]}
        assert changed == {"topics", "segment.channel"}
    assert counters_equal_a_recount(client, stack)
    event = subscription.wait_for(ids[0], "insight.completed")["detail"]
    assert (event["reason"], event["segments"]) == ("remap", CHAT)
    again = job_on_insights(client, kind="remap")["outcomes"]
    assert (again["done"], again["changed"]) == (0, 0)


@pytest.mark.parametrize("file_format", ["jsonl", "csv"])
def test_an_export_has_the_insights_of_the_list(
    client: Client, ids: list[str], file_format: str
) -> None:
    include = ["text", "metadata"]
    job = job_on_insights(client, kind="export", format=file_format, include=include)
    response = httpx.get(job["export_file"]["url"], timeout=30)
    assert response.status_code == 200, response.text
    assert len(response.content) == job["export_file"]["bytes"]
    assert "attachment" in response.headers["content-disposition"]
    listed = {one["id"]: one for one in every_insight(client)}
    exported = parsed(response.text, file_format)
    assert sorted(one["id"] for one in exported) == sorted(listed)
    assert {*ids} <= {*listed}
    for one in exported:
        insight = listed[one["id"]]
        assert one["summary"].removeprefix("'") == insight["summary"]
        if file_format == "jsonl":
            assert {name: one[name] for name in insight} == insight
        if one["id"] in ids:
            assert one["text"].startswith("My parcel")


def every_insight(client: Client) -> Iterator[dict[str, Any]]:
    """Yield all insights, page by page."""
    cursor = None
    while True:
        more: dict[str, str] = {} if cursor is None else {"cursor": cursor}
        page = client.get("/api/v1/insights", limit=100, **more).json()
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def parsed(content: str, file_format: str) -> list[dict[str, Any]]:
    if file_format == "csv":
        return list(csv.DictReader(io.StringIO(content, newline="")))
    return [json.loads(line) for line in content.splitlines()]
