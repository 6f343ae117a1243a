"""DELETE of a conversation on the emulator, with the ingest role's own permissions."""

from __future__ import annotations

from grok_insights.domain.insight import Sentiment
from tests.e2e.conftest import Client, Stack
from tests.e2e.test_pipeline import ANGRY, Unique, insight, settle
from tests.recount import Counts


def test_a_deleted_conversation_is_gone_and_no_longer_counts(
    stack: Stack, client: Client, unique: Unique
) -> None:
    one = {"external_id": unique("erased"), "text": ANGRY}
    identity = client.post("/api/v1/conversations", one).json()["id"]
    insight(client, identity)
    settle(stack, client)
    before = stack.recounted()

    response = client.delete(f"/api/v1/conversations/{identity}")
    assert (response.status_code, response.text) == (204, "")
    for path in (f"/api/v1/conversations/{identity}", f"/api/v1/insights/{identity}"):
        assert client.get(path).status_code == 404
    assert client.delete(f"/api/v1/conversations/{identity}").status_code == 404
    after = stack.recounted()
    assert negative_by_day(after) == negative_by_day(before) - 1
    assert stack.counted() == after

    again = client.post("/api/v1/conversations", one)
    assert (again.status_code, again.json()["id"]) == (202, identity)
    assert insight(client, identity)["sentiment"] == "negative"
    settle(stack, client)
    assert stack.counted() == stack.recounted()
    assert negative_by_day(stack.counted()) == negative_by_day(before)


def negative_by_day(counts: Counts) -> int:
    """Return the number of negative insights of all days."""
    return sum(
        number
        for (bucket, _, name), number in counts.items()
        if bucket.startswith("day#") and name == Sentiment.NEGATIVE
    )


def test_conversations_deleted_while_they_wait_are_never_analysed(
    stack: Stack, client: Client, unique: Unique
) -> None:
    names = [unique("waiting") for _ in range(40)]
    sent = client.bulk([{"external_id": name, "text": f"{ANGRY} {name}"} for name in names])
    wanted = [result["id"] for result in sent["results"]]
    for identity in wanted:
        assert client.delete(f"/api/v1/conversations/{identity}").status_code == 204
    settle(stack, client)
    left = {item["conversation_id"]["S"] for item in stack.insights()} & set(wanted)
    assert not left
    assert stack.counted() == stack.recounted()
