"""Conversations are accepted: a single one, several in one request, and a repeated one."""

from __future__ import annotations

import httpx
import pytest

from tests.e2e.acceptance.api import Api, shown
from tests.e2e.acceptance.sent import (
    BAD_INDEX,
    BULK,
    COUNT,
    MESSAGES_INDEX,
    PATH,
    SINGLE,
    Sent,
    dialogue,
    identity,
)


@pytest.fixture
def accepted(single: httpx.Response) -> httpx.Response:
    """The response to one conversation, which was accepted."""
    if single.status_code != 202:
        pytest.skip("the conversation was not accepted")
    return single


def test_a_conversation_is_accepted_with_the_id_of_its_external_id(
    single: httpx.Response, sent: Sent
) -> None:
    assert single.status_code == 202, shown(single)
    body = single.json()
    assert body["id"] == body["conversation_id"], f"the two ids differ: {body}"
    assert body["id"] == identity(sent.external_id(0)), f"{body['id']} is another id than promised"


def test_the_location_leads_to_the_insight(api: Api, accepted: httpx.Response) -> None:
    location = accepted.request.url.join(accepted.headers["location"])
    response = api.send("GET", str(location))
    assert response.status_code in {200, 202}, shown(response)


def test_an_accepted_conversation_can_be_read_at_once(
    api: Api, accepted: httpx.Response, sent: Sent
) -> None:
    response = api.get(f"{PATH}/{accepted.json()['id']}")
    assert response.status_code == 200, shown(response)
    body = response.json()
    assert body["text"] == SINGLE, "the stored text is another one than the text that was sent"
    assert body["external_id"] == sent.external_id(0), "the stored external_id is another one"
    assert body["metadata"] == {"acceptance": sent.run}, f"the metadata are {body['metadata']}"


def test_a_conversation_is_found_by_its_external_id(
    api: Api, accepted: httpx.Response, sent: Sent
) -> None:
    response = api.get(PATH, external_id=sent.external_id(0))
    assert response.status_code == 200, shown(response)
    assert response.json()["id"] == accepted.json()["id"], "it is another conversation"


def test_messages_can_be_read_as_they_were_sent(api: Api, bulk: httpx.Response, sent: Sent) -> None:
    if not bulk.is_success:
        pytest.skip("the conversations of this run were not accepted")
    response = api.get(PATH, external_id=sent.external_id(MESSAGES_INDEX))
    assert response.status_code == 200, shown(response)
    body = response.json()
    expected = dialogue(BULK[MESSAGES_INDEX - 1])
    assert body["messages"] == expected, "the stored messages are other ones"
    assert body["text"] is None, "messages have a text, too"


def test_a_bulk_request_rejects_its_bad_item_alone(bulk: httpx.Response, sent: Sent) -> None:
    assert bulk.status_code == 202, shown(bulk)
    body = bulk.json()
    counts = (body["accepted"], body["rejected"])
    assert counts == (COUNT - 1, 1), f"(accepted, rejected) is {counts}, not {(COUNT - 1, 1)}"
    order = [result["external_id"] for result in body["results"]]
    assert order == [item["external_id"] for item in sent.bulk()], "the results are out of order"
    bad = body["results"][BAD_INDEX]
    assert bad["status"] == "rejected", f"the item with a blank text is {bad['status']}"
    named = [fault["location"] for fault in bad["error"]["errors"]]
    assert any("text" in one for one in named), f"the error names {named}, not the text"


def test_the_same_conversation_again_has_the_same_ids(
    api: Api, accepted: httpx.Response, sent: Sent
) -> None:
    response = api.post(PATH, sent.conversation(0))
    assert response.status_code == 202, shown(response)
    assert response.json()["id"] == accepted.json()["id"], "the ids differ"


def test_the_same_external_id_with_another_text_is_a_conflict(
    api: Api, accepted: httpx.Response, sent: Sent
) -> None:
    response = api.post(PATH, {**sent.conversation(0), "text": "Another text."})
    assert response.status_code == 409, shown(response)
