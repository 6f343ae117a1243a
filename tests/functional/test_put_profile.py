"""`make profile`, and the example profiles that come with the product."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.ingest.app import create_app as ingest_app
from functions.query.app import create_app as query_app
from grok_insights.domain.profile import NewProfile, TopicMode
from grok_insights.domain.profile_rules import profile_faults
from grok_insights.http import HttpHandler
from grok_insights.wiring import Parts
from scripts.environments import UnusableError
from scripts.put_profile import main, put_profile, read_profile
from tests.builders import LambdaContext, api_event

PROFILES = sorted((Path(__file__).parents[2] / "profiles").glob("*.json"))


@pytest.fixture
def client(parts: Parts) -> httpx.Client:
    """Return a client of the API, with both functions behind it."""
    functions: dict[str, HttpHandler[Any]] = {"PUT": ingest_app(parts), "GET": query_app(parts)}

    def respond(request: httpx.Request) -> httpx.Response:
        tag = request.headers.get("if-match")
        event = api_event(
            request.method,
            request.url.path,
            request.content.decode() or None,
            query=dict(request.url.params),
            headers={"If-Match": tag} if tag else {},
        )
        result = functions[request.method](event, LambdaContext())
        headers = {name: values[0] for name, values in result["multiValueHeaders"].items()}
        return httpx.Response(result["statusCode"], headers=headers, text=result["body"])

    return httpx.Client(base_url="https://api.example", transport=httpx.MockTransport(respond))


@pytest.mark.parametrize("path", PROFILES, ids=[path.stem for path in PROFILES])
def test_an_example_profile_is_stored_and_activated(client: httpx.Client, path: Path) -> None:
    assert put_profile(client, read_profile(path)) == 2
    active = client.get("/api/v1/profile").json()
    assert (active["version"], active["note"]) == (2, read_profile(path)["note"])
    assert put_profile(client, read_profile(path)) == 2


def test_the_examples_show_what_a_profile_can_do() -> None:
    profiles = {path.stem: NewProfile.model_validate(read_profile(path)) for path in PROFILES}
    assert set(profiles) == {"support", "product_feedback"}
    support = profiles["support"]
    assert support.topics.mode is TopicMode.CLOSED
    assert {one.name for one in support.fields} >= {"resolved", "churn_risk"}
    assert (len(support.fields), support.quotes, support.segments) == (4, True, ("channel",))
    assert {one.type for one in support.fields} == {"boolean", "enum", "integer", "text"}
    assert [profile_faults(one) for one in profiles.values()] == [(), ()]


def test_a_refused_profile_is_reported_with_each_place(client: httpx.Client) -> None:
    with pytest.raises(UnusableError) as refused:
        put_profile(client, {"topics": {"mode": "closed"}, "segments": ["a", "a"]})
    assert str(refused.value) == (
        "422: the profile is not valid\n"
        "  body.topics.labels: must have a label if the mode is closed\n"
        "  body.segments.1: must differ from the others of the list"
    )


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_a_file_that_is_no_profile_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(content)
    assert main([str(path)], {}) == 1
    assert str(path) in capsys.readouterr().out


def test_without_a_file_or_a_stack_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([""], {}) == 1
    path = tmp_path / "profile.json"
    path.write_text(json.dumps({}))
    assert main([str(path)], {}) == 1
    said = capsys.readouterr().out
    assert "usage: make profile FILE=" in said
    assert "Which stack?" in said
