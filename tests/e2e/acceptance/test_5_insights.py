"""Every conversation has its insight."""

from __future__ import annotations

import re

import pytest

from tests.e2e.acceptance.api import Api, shown
from tests.e2e.acceptance.conftest import Outcome
from tests.e2e.acceptance.insights import PATH, Insights
from tests.e2e.acceptance.sent import COUNT, Sent
from tests.e2e.acceptance.sent import PATH as CONVERSATIONS
from tests.e2e.acceptance.stack import Stack


def test_every_conversation_gets_its_insight(
    stack: Stack, api: Api, stranger: Api, outcome: Outcome
) -> None:
    waiting = [shown(response) for response in outcome.waiting.values()]
    if waiting:
        health = " ".join(stranger.get("/health").text.split())
        pytest.fail(
            f"{len(waiting)} of {COUNT} conversations have no insight after "
            f"{stack.timeout_seconds:g} s ({waiting[0]}). /health responds with {health}. "
            "Does the analysis function start, and does the queue feed it? Its log has the reason.",
            pytrace=False,
        )


def test_every_insight_is_completed(insights: Insights) -> None:
    failed = {
        one: insight["error"] for one, insight in insights.by_id.items() if "error" in insight
    }
    assert not failed, f"conversations ended as failed: {failed}"


def test_an_insight_has_what_is_promised(insights: Insights) -> None:
    for one in insights.by_id.values():
        assert one["status"] == "completed", f"the status is {one['status']}"
        assert one["summary"].strip(), "the summary is blank"
        sentiment = one["sentiment"]
        assert sentiment in {"positive", "negative", "neutral"}, f"the sentiment is {sentiment}"
        topics = one["topics"]
        assert len(topics) <= 5, f"there are {len(topics)} topics"
        assert all(re.fullmatch(r"\w+", topic) for topic in topics), f"the topics are {topics}"
        assert one["tokens_used"] > 0, "no tokens were counted"
        cost = one["estimated_cost"]
        assert re.fullmatch(r"\$\d+\.\d+", cost), f"the estimated cost is {cost}"


def test_a_completed_conversation_sent_again_is_not_analysed_again(
    api: Api, insights: Insights, sent: Sent
) -> None:
    response = api.post(CONVERSATIONS, sent.conversation(0))
    assert response.status_code == 202, shown(response)
    body = response.json()
    assert body["status"] == "completed", f"the status is {body['status']}"
    again = api.get(f"{PATH}/{body['id']}").json()
    assert again == insights.by_id[body["id"]], "the insight has changed"


def test_an_insight_is_found_by_its_conversation(api: Api, insights: Insights) -> None:
    one, insight = next(iter(insights.by_id.items()))
    response = api.get(f"{PATH}/conversation/{one}")
    assert response.status_code == 200, shown(response)
    assert response.json() == insight, "it is another insight than by its own id"


def test_an_unchanged_insight_is_not_sent_again(api: Api, insights: Insights) -> None:
    path = f"{PATH}/{next(iter(insights.by_id))}"
    etag = api.get(path).headers.get("etag")
    assert etag, "an insight has no ETag"
    response = api.send("GET", path, headers={"if-none-match": etag})
    assert response.status_code == 304, shown(response)
    assert not response.content, "a 304 has a body"


def test_head_has_the_headers_of_get_and_no_body(api: Api, insights: Insights) -> None:
    path = f"{PATH}/{next(iter(insights.by_id))}"
    response, wanted = api.send("HEAD", path), api.get(path)
    assert response.status_code == 200, shown(response)
    assert not response.content, "a response to HEAD has a body"
    for name in ("etag", "content-type", "cache-control"):
        assert response.headers.get(name) == wanted.headers.get(name), f"{name} differs"
