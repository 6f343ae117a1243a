"""A re-analysis on the emulator: the real state machine, functions, queue and IAM policies."""

from __future__ import annotations

from uuid import uuid4

from tests.e2e.conftest import Client, ended_job, until


def test_a_filter_is_analysed_again_and_each_insight_keeps_its_version(client: Client) -> None:
    names = [f"again-{uuid4()}" for _ in range(12)]
    sent = [
        {"text": f"My parcel {name} is late", "external_id": name, "metadata": {"n": "1"}}
        for name in names
    ]
    results = client.post("/api/v1/conversations/bulk", {"conversations": sent}).json()["results"]
    ids = [one["id"] for one in results]
    until(lambda: all(_is_analysed(client, one) for one in ids), 60, "the insights")
    started = client.post("/api/v1/jobs", {"kind": "reanalysis", "filter": {"status": "completed"}})
    path = f"/api/v1/jobs/{started.json()['id']}"
    job = ended_job(client, path, 180)
    assert job["status"] == "completed", job
    assert job["outcomes"]["done"] >= len(ids)
    assert job["outcomes"]["failed"] == 0
    for one in ids:
        versions = client.get(f"/api/v1/insights/{one}/versions").json()
        assert [item["current"] for item in versions["items"]] == [True, False]
    trends = client.get("/api/v1/insights/trends", verify="true").json()
    assert not any(trends["difference"].values())


def _is_analysed(client: Client, conversation_id: str) -> bool:
    return client.get(f"/api/v1/insights/{conversation_id}").status_code == 200
