"""The profile over HTTP: versions, drafts, activation, and every error."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from functions.ingest.app import create_app as ingest_app
from grok_insights.http import HttpHandler
from grok_insights.wiring import Parts
from tests.builders import api_event
from tests.functional.query import ClientResponse, Query, response_of

PROFILE = "/api/v1/profile"
VERSIONS = f"{PROFILE}/versions"
CLOSED = {
    "note": "closed topics",
    "topics": {
        "mode": "closed",
        "labels": [{"name": "refund", "aliases": ["money_back"]}, {"name": "delivery"}],
    },
    "fields": [{"name": "churn_risk", "type": "enum", "values": ["low", "high"]}],
    "segments": ["channel"],
}


class Profiles:
    """Both functions of the API, with parts of a test."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.ingest: HttpHandler[Any] = ingest_app(parts)
        self.query = Query(parts)

    def get(self, path: str = PROFILE, **query: str) -> ClientResponse:
        return self.query.get(path, **query)

    def put(
        self, body: Any, etag: str | None = None, *, newest: bool = True, **query: str
    ) -> ClientResponse:
        """Store a version. Without an ETag, that of the newest version is sent."""
        if etag is None and newest:
            [latest] = self.get(VERSIONS, limit="1").body["items"]
            etag = self.get(f"{VERSIONS}/{latest['version']}").headers["ETag"]
        headers = {"If-Match": etag} if etag else {}
        return response_of(
            self.ingest, api_event("PUT", PROFILE, body, query=query, headers=headers)
        )

    def activate(self, version: int | str, etag: str | None = None) -> ClientResponse:
        etag = self.get().headers["ETag"] if etag is None else etag
        headers = {"If-Match": etag} if etag else {}
        path = f"{VERSIONS}/{version}/activate"
        return response_of(self.ingest, api_event("POST", path, headers=headers))

    def state(self, name: str) -> dict[str, Any]:
        found = self.parts.dynamodb.get_item(
            TableName=self.parts.settings.state_table, Key={"id": {"S": name}}
        )
        return dict(found.get("Item", {}))

    def place(self, name: str, item: dict[str, Any]) -> None:
        self.parts.dynamodb.put_item(
            TableName=self.parts.settings.state_table, Item={"id": {"S": name}, **item}
        )


@pytest.fixture
def profiles(parts: Parts) -> Profiles:
    return Profiles(parts)


def test_a_new_stack_has_the_built_in_version_1(profiles: Profiles) -> None:
    response = profiles.get()
    assert (response.status, response.body["version"]) == (200, 1)
    assert response.body["topics"] == {"mode": "open", "labels": []}
    assert profiles.get(VERSIONS).body == {
        "items": [
            {"version": 1, "note": "the built-in profile", "created_at": None, "active": True}
        ],
        "next_before": None,
    }


def test_a_stored_version_is_a_draft_until_it_is_activated(profiles: Profiles) -> None:
    stored = profiles.put(CLOSED)
    assert (stored.status, stored.body["version"]) == (201, 2)
    assert stored.headers["Location"] == "profile/versions/2"
    assert profiles.get().body["version"] == 1
    assert profiles.activate(2).body == stored.body
    assert profiles.get().body == stored.body


def test_the_etag_of_a_stored_version_is_that_of_reading_it(profiles: Profiles) -> None:
    stored = profiles.put(CLOSED, activate="true")
    assert stored.headers["ETag"] == profiles.get(f"{VERSIONS}/2").headers["ETag"]
    assert stored.headers["ETag"] == profiles.get().headers["ETag"]


def test_activate_stores_and_activates_in_one_request(profiles: Profiles) -> None:
    assert profiles.put(CLOSED, activate="true").status == 201
    assert profiles.get().body["version"] == 2
    assert profiles.state("profile") == {
        "id": {"S": "profile"},
        "active": {"N": "2"},
        "newest": {"N": "2"},
    }


def test_going_back_activates_an_old_version_and_the_next_one_gets_a_new_number(
    profiles: Profiles,
) -> None:
    profiles.put(CLOSED, activate="true")
    assert profiles.activate(1).status == 200
    assert profiles.get().body["version"] == 1
    assert profiles.put({"note": "third"}).body["version"] == 3
    assert profiles.get().body["version"] == 1


def test_without_if_match_nothing_is_stored_or_activated(profiles: Profiles) -> None:
    assert profiles.put(CLOSED, newest=False).status == 428
    assert profiles.activate(1, "").status == 428
    assert profiles.state("profile") == {}


def test_an_old_etag_stores_and_activates_nothing(profiles: Profiles) -> None:
    old = profiles.get().headers["ETag"]
    profiles.put(CLOSED)
    assert profiles.put({"note": "of another analyst"}, old).status == 412
    profiles.activate(2)
    assert profiles.activate(1, old).status == 412
    assert profiles.get().body["version"] == 2


def test_a_body_like_the_newest_version_stores_nothing(profiles: Profiles) -> None:
    first = profiles.put(CLOSED)
    again = profiles.put(CLOSED, activate="true")
    assert (again.status, again.body, again.headers["ETag"]) == (
        200,
        first.body,
        first.headers["ETag"],
    )
    assert profiles.get().body["version"] == 2
    assert len(profiles.get(VERSIONS).body["items"]) == 2


def test_versions_are_listed_page_by_page_newest_first(profiles: Profiles) -> None:
    for number in range(2, 6):
        profiles.put({"note": f"number {number}"}, activate=str(number == 3).lower())
    first = profiles.get(VERSIONS, limit="2").body
    second = profiles.get(VERSIONS, limit="2", before=str(first["next_before"])).body
    third = profiles.get(VERSIONS, limit="2", before=str(second["next_before"])).body
    assert [one["version"] for page in (first, second, third) for one in page["items"]] == [
        5,
        4,
        3,
        2,
        1,
    ]
    assert [one["version"] for one in second["items"] if one["active"]] == [3]
    assert third["next_before"] is None
    assert first["items"][0]["created_at"] == "2026-11-23T10:15:00.000Z"


@pytest.mark.parametrize("version", ["2", "999999"])
def test_a_version_that_does_not_exist_is_not_found(profiles: Profiles, version: str) -> None:
    assert profiles.get(f"{VERSIONS}/{version}").status == 404
    assert profiles.activate(version).status == 404


@pytest.mark.parametrize("version", ["0", "-1", "one", "1.0"])
def test_a_version_that_is_no_number_is_refused(profiles: Profiles, version: str) -> None:
    for response in (profiles.get(f"{VERSIONS}/{version}"), profiles.activate(version)):
        assert (response.status, response.body["errors"][0]["location"]) == (422, "path.version")


def test_a_body_with_a_version_is_refused(profiles: Profiles) -> None:
    response = profiles.put({"version": 2})
    assert (response.status, response.body["errors"]) == (
        422,
        [{"location": "body.version", "message": "is not a known name"}],
    )


def test_unchanged_profiles_are_answered_with_304(profiles: Profiles) -> None:
    tag = profiles.get().headers["ETag"]
    event = api_event("GET", PROFILE, headers={"If-None-Match": tag})
    assert profiles.query.send(event).status == 304


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        ({"active": {"S": "2"}, "newest": {"N": "2"}}, "active is not a number"),
        ({"active": {"N": "2"}}, "newest is missing"),
        ({"active": {"N": "0"}, "newest": {"N": "2"}}, "active is not a version"),
        ({"active": {"N": "3"}, "newest": {"N": "2"}}, "newest is less than active"),
    ],
)
def test_a_damaged_pointer_is_named_and_repaired_by_activating_a_version(
    profiles: Profiles, item: dict[str, Any], fault: str
) -> None:
    profiles.put(CLOSED, activate="true")
    profiles.place("profile", item)
    for response in (profiles.get(), profiles.get(VERSIONS), profiles.put({}, "*")):
        assert (response.status, response.body["detail"]) == (
            503,
            f"item profile of the State table: {fault}",
        )
    assert profiles.activate(2, 'W/"1"').status == 412
    assert profiles.activate(2, "*").status == 200
    assert profiles.state("profile")["newest"] == {"N": "2"}
    assert profiles.put({"note": "goes on"}).body["version"] == 3


def test_a_damaged_active_version_is_named_and_another_one_can_be_activated(
    profiles: Profiles,
) -> None:
    profiles.put(CLOSED, activate="true")
    profiles.place("profile#2", {"document": {"S": "{}"}})
    response = profiles.get()
    assert (response.status, response.body["detail"]) == (
        503,
        "item profile#2 of the State table: document is not a profile",
    )
    assert profiles.activate(2, "*").status == 503
    assert profiles.activate(1, "*").status == 200
    assert profiles.get().body["version"] == 1


def test_an_active_version_without_an_item_is_named(profiles: Profiles) -> None:
    profiles.place("profile", {"active": {"N": "7"}, "newest": {"N": "7"}})
    assert profiles.get().status == 503


def test_proposals_are_listed_by_frequency_without_known_topics(profiles: Profiles) -> None:
    profiles.put(CLOSED, activate="true")
    counts = {"broken_lid": 2, "late_van": 5, "money_back": 9, "refund": 9, "cold_food": 2}
    for name, count in counts.items():
        profiles.parts.proposals.add(Counter({name: count}))
    assert profiles.get(f"{PROFILE}/proposals").body == {
        "items": [
            {"topic": "late_van", "count": 5},
            {"topic": "broken_lid", "count": 2},
            {"topic": "cold_food", "count": 2},
        ]
    }


def dismissed(profiles: Profiles, topic: str) -> ClientResponse:
    return response_of(profiles.ingest, api_event("DELETE", f"{PROFILE}/proposals/{topic}"))


def test_a_dismissed_proposal_is_gone_until_it_is_proposed_again(profiles: Profiles) -> None:
    profiles.parts.proposals.add(Counter(broken_lid=3))
    assert dismissed(profiles, "broken_lid").status == 204
    assert profiles.get(f"{PROFILE}/proposals").body == {"items": []}
    assert dismissed(profiles, "broken_lid").status == 404
    assert dismissed(profiles, "Not%20A%20Topic").status == 422
