"""The conversations of this run are deleted, and cannot be read any more."""

from __future__ import annotations

import httpx
import pytest

from tests.e2e.acceptance.api import Api, shown
from tests.e2e.acceptance.insights import PATH, Window, listed
from tests.e2e.acceptance.sent import PATH as CONVERSATIONS
from tests.e2e.acceptance.sent import Sent, identity


def test_a_conversation_is_deleted_by_its_external_id(
    api: Api, sent: Sent, bulk: httpx.Response
) -> None:
    if not bulk.is_success:
        pytest.skip("the conversations of this run were not accepted")
    query = {"external_id": sent.external_id(1)}
    response = api.send("DELETE", CONVERSATIONS, params=query)
    assert response.status_code == 204, shown(response)
    sent.erased.add(identity(sent.external_id(1)))
    response = api.get(CONVERSATIONS, **query)
    assert response.status_code == 404, f"after its deletion, {shown(response)}"


@pytest.fixture(scope="module")
def erased(api: Api, sent: Sent, single: httpx.Response, bulk: httpx.Response) -> Sent:
    """Return the conversations of this run after their deletion."""
    if not single.is_success or not bulk.is_success:
        pytest.skip("the conversations of this run were not accepted")
    failed = sent.erase(api)
    assert not failed, f"a conversation cannot be deleted: {next(iter(failed.values()))}"
    return sent


def test_a_deleted_conversation_and_its_insight_are_gone(api: Api, erased: Sent) -> None:
    for one in erased.texts:
        for path in (f"{CONVERSATIONS}/{one}", f"{PATH}/{one}"):
            response = api.get(path)
            assert response.status_code == 404, f"after its deletion, {shown(response)}"


def test_a_deleted_insight_is_in_no_list(api: Api, erased: Sent, window: Window) -> None:
    left = erased.texts.keys() & {item["id"] for item in listed(api, **window.query)}
    assert not left, f"the list still shows {left}"


def test_a_deleted_conversation_cannot_be_deleted_again(api: Api, erased: Sent) -> None:
    response = api.delete(f"{CONVERSATIONS}/{next(iter(erased.texts))}")
    assert response.status_code == 404, shown(response)
