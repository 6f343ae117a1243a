"""Requests that must be refused, and the problem that each response describes."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.acceptance.api import Api, shown
from tests.e2e.acceptance.insights import PATH as INSIGHTS
from tests.e2e.acceptance.sent import PATH
from tests.e2e.acceptance.stack import Stack

PROBLEM = "application/problem+json"
TOO_LARGE = b'{"text": "' + b"x" * 4_550_000 + b'"}'
"""Slightly above the limit of 4,500,000 bytes, and below the 6 MB that Lambda accepts in base64."""


def refused(response: httpx.Response, status: int) -> dict[str, Any]:
    """Check that a request is refused with a status and an RFC 9457 problem; return the problem."""
    assert response.status_code == status, f"{shown(response)}; expected {status}"
    media_type = response.headers["content-type"]
    assert media_type == PROBLEM, f"{shown(response)}; its media type is {media_type}"
    body: dict[str, Any] = response.json()
    assert body["status"] == status, f"the problem says {body['status']} in a {status}"
    assert body["title"], "the problem has no title"
    assert body["detail"], "the problem has no detail"
    return body


def test_a_request_without_a_key_is_refused(stranger: Api) -> None:
    refused(stranger.get(INSIGHTS), 403)


def test_a_request_with_a_wrong_key_is_refused(stack: Stack) -> None:
    with Api(stack.url, "not-the-key") as api:
        refused(api.post(PATH, {"text": "x"}), 403)


def test_the_metrics_without_a_key_are_refused(stranger: Api) -> None:
    refused(stranger.get("/metrics"), 401)


@pytest.mark.parametrize(
    "path",
    ["/api/v1/nothing", f"{PATH}/{uuid4()}", f"{INSIGHTS}/{uuid4()}"],
    ids=["path", "conversation", "insight"],
)
def test_a_path_that_does_not_exist_is_not_found(api: Api, path: str) -> None:
    refused(api.get(path), 404)


def test_the_response_to_a_wrong_method_names_the_right_one(api: Api) -> None:
    response = api.send("PUT", PATH, json={})
    refused(response, 405)
    allowed = response.headers.get("allow", "")
    assert "POST" in allowed, f"Allow is {allowed!r}, without POST"


@pytest.mark.parametrize(
    ("method", "path", "request_parts", "field"),
    [
        ("POST", PATH, {"json": {"text": " "}}, "body.text"),
        ("POST", PATH, {"json": {"text": "x", "colour": "red"}}, "body.colour"),
        ("GET", INSIGHTS, {"params": {"limit": 0}}, "query.limit"),
        ("GET", INSIGHTS, {"params": {"sentiment": "angry"}}, "query.sentiment"),
        ("GET", INSIGHTS, {"params": {"from": "yesterday"}}, "query.from"),
    ],
    ids=["blank text", "unknown field", "limit", "sentiment", "instant"],
)
def test_invalid_input_is_refused_with_the_field_at_fault(
    api: Api, method: str, path: str, request_parts: dict[str, Any], field: str
) -> None:
    body = refused(api.send(method, path, **request_parts), 422)
    named = [fault["location"] for fault in body["errors"]]
    assert field in named, f"the problem names {named}, not {field}"


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"text", "text/plain", 415),
        (TOO_LARGE, "application/json", 413),
    ],
    ids=["no JSON", "plain text", "too large"],
)
def test_a_body_that_cannot_be_read_is_refused(
    api: Api, content: bytes, media_type: str, status: int
) -> None:
    sent = api.send("POST", PATH, content=content, headers={"content-type": media_type})
    refused(sent, status)


def test_plain_http_is_not_served(stack: Stack) -> None:
    url = httpx.URL(stack.url)
    if url.scheme != "https":
        pytest.skip("the URL of this stack is itself plain HTTP")
    try:
        response = httpx.get(f"http://{url.host}{url.path}/health", timeout=10)
    except httpx.TransportError:
        return
    assert not response.is_success, f"http://{url.host} responds with {response.status_code}"
