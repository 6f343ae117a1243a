"""Pages that anyone may read without a key."""

from __future__ import annotations

import pytest

from tests.e2e.acceptance.api import Api, shown
from tests.e2e.acceptance.stack import Stack


def test_the_health_check_says_that_all_is_well(stranger: Api) -> None:
    response = stranger.get("/health")
    assert response.status_code == 200, shown(response)
    worker = response.json()["worker"]
    assert worker["state"] == "running", f"the analysis is paused: {worker}"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/docs", "text/html"), ("/dashboard", "text/html"), ("/openapi.json", "application/json")],
    ids=["docs", "dashboard", "description"],
)
def test_a_page_is_open(stranger: Api, path: str, media_type: str) -> None:
    response = stranger.get(path)
    assert response.status_code == 200, shown(response)
    found = response.headers["content-type"]
    assert found.startswith(media_type), f"{path} has the media type {found}"


@pytest.mark.parametrize("path", ["/health", "/dashboard"], ids=["health", "dashboard"])
def test_head_of_an_open_page_needs_no_key(stranger: Api, path: str) -> None:
    response = stranger.send("HEAD", path)
    assert response.status_code == 200, shown(response)
    assert not response.content, "a response to HEAD has a body"


def test_a_page_has_a_content_security_policy(stranger: Api) -> None:
    found = stranger.get("/dashboard").headers.get("content-security-policy", "")
    assert "default-src 'none'" in found, f"/dashboard has the policy {found!r}"


def test_the_description_is_openapi_and_arrives_compressed(stranger: Api) -> None:
    response = stranger.get("/openapi.json")
    assert response.is_success, shown(response)
    encoding = response.headers.get("content-encoding")
    assert encoding == "gzip", f"/openapi.json has the content encoding {encoding}"
    assert response.json()["openapi"].startswith("3.1"), "/openapi.json is not OpenAPI 3.1"


def test_the_metrics_take_the_key_as_a_bearer_token(stranger: Api, stack: Stack) -> None:
    bearer = {"authorization": f"Bearer {stack.key}"}
    response = stranger.send("GET", "/metrics", headers=bearer)
    assert response.status_code == 200, shown(response)
    for name in ("grok_calls_total", "grok_call_errors", "grok_call_latency_seconds_bucket"):
        assert name in response.text, f"/metrics does not show {name}"
