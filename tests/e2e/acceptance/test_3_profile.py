"""The profile: it can be read, and refused changes leave it as it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.acceptance.api import Api, shown
from tests.e2e.acceptance.test_3_errors import refused

PROFILE = "/api/v1/profile"
VERSIONS = f"{PROFILE}/versions"
OLD = {"If-Match": 'W/"of another version"'}


def test_the_active_profile_is_one_of_the_versions(api: Api) -> None:
    response = api.get(PROFILE)
    assert response.status_code == 200, shown(response)
    version = response.json()["version"]
    same = api.get(f"{VERSIONS}/{version}")
    assert same.json() == response.json(), f"version {version} is not the active profile"
    assert same.headers["etag"] == response.headers["etag"], "the ETags differ"


def test_the_versions_are_listed_newest_first(api: Api) -> None:
    response = api.get(VERSIONS, limit=100)
    assert response.status_code == 200, shown(response)
    versions = [one["version"] for one in response.json()["items"]]
    assert versions == sorted(versions, reverse=True), f"the order is {versions}"


def test_the_proposed_topics_are_listed(api: Api) -> None:
    response = api.get(f"{PROFILE}/proposals")
    assert response.status_code == 200, shown(response)


@pytest.mark.parametrize(
    ("method", "path", "request_parts", "status"),
    [
        ("PUT", PROFILE, {"json": {}}, 428),
        ("PUT", PROFILE, {"json": {}, "headers": OLD}, 412),
        ("PUT", PROFILE, {"json": {"topics": {"mode": "closed"}}, "headers": OLD}, 422),
        ("POST", f"{VERSIONS}/1/activate", {}, 428),
        ("POST", f"{VERSIONS}/1/activate", {"headers": OLD}, 412),
        ("POST", f"{VERSIONS}/999999/activate", {"headers": {"If-Match": "*"}}, 404),
        ("GET", f"{VERSIONS}/999999", {}, 404),
        ("DELETE", f"{PROFILE}/proposals/never_proposed_by_grok", {}, 404),
    ],
)
def test_a_wrong_change_of_the_profile_is_refused(
    api: Api, method: str, path: str, request_parts: dict[str, Any], status: int
) -> None:
    before = api.get(PROFILE).json()
    refused(api.send(method, path, **request_parts), status)
    assert api.get(PROFILE).json() == before, "the profile has changed"


def test_an_invalid_profile_is_refused_with_the_place(api: Api) -> None:
    field = {"name": "risk", "type": "enum", "values": ["low", "low"]}
    response = api.send("PUT", PROFILE, json={"fields": [field]}, headers=OLD)
    named = [fault["location"] for fault in refused(response, 422)["errors"]]
    assert named == ["body.fields.0.values.1"], f"the problem names {named}"
