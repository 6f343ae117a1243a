"""The API from outside, compared with its description, with invalid input and IAM enforced."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.conftest import CHECKOUT, Client, NewClient, Stack, until

ONE = "/api/v1/conversations"
LIST = "/api/v1/insights"
RUN = (
    *(sys.executable, "-m", "schemathesis.cli"),
    *("--config-file", "tests/e2e/schemathesis.toml"),
    *("run", "docs/openapi.json", "--checks", "all", "--max-examples", "15", "--seed", "1"),
)


def test_every_response_is_as_described_whatever_is_sent(stack: Stack, tmp_path: Path) -> None:
    done = subprocess.run(
        [*RUN, "--url", stack.name("API_URL"), "--report-dir", str(tmp_path)],
        cwd=CHECKOUT,
        env={**os.environ, "API_KEY": stack.name("API_KEY"), "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_the_response_to_a_wrong_method_names_the_right_one(client: Client, method: str) -> None:
    response = client.http.request(method, f"{ONE}/bulk")
    assert (response.status_code, response.headers["allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_the_response_to_a_wrong_method_names_the_right_ones(client: Client, method: str) -> None:
    response = client.http.request(method, ONE)
    allowed = "DELETE, GET, HEAD, POST, OPTIONS"
    assert (response.status_code, response.headers["allow"]) == (405, allowed)


def test_messages_are_found_and_deleted_by_an_external_id_of_any_characters(
    client: Client, unique: Any
) -> None:
    name = f"{unique('turns')}/a?b=c&d e+f%20ß🙂"
    messages = [{"role": "customer", "text": "My parcel is late."}]
    sent = {"external_id": name, "messages": messages, "occurred_at": "2020-02-29T12:00:00Z"}
    one = client.post(ONE, sent).json()
    found = client.get(ONE, external_id=name).json()
    assert (found["id"], found["external_id"], found["text"]) == (one["id"], name, None)
    assert found["messages"] == [{**messages[0], "at": None, "name": None}]
    assert found["occurred_at"] == "2020-02-29T12:00:00.000Z"
    assert client.http.delete(ONE, params={"external_id": name}).status_code == 204
    assert client.get(ONE, external_id=name).status_code == 404


def test_a_path_that_does_not_exist_is_a_problem(client: Client) -> None:
    response = client.get("/api/v2/insights")
    assert (response.status_code, response.json()["title"]) == (404, "Not Found")


def test_head_has_the_headers_of_get(client: Client) -> None:
    response = client.http.head(LIST)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["etag"] == client.get(LIST).headers["etag"]


@pytest.mark.parametrize("path", [LIST, f"{LIST}/trends", ONE + "/x", "/nonsense"])
def test_without_a_key_nothing_is_shown(new_client: NewClient, path: str) -> None:
    response = new_client(key="").get(path)
    assert (response.status_code, response.headers["cache-control"]) == (403, "no-store")
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "path",
    [
        "/health",
        "/docs",
        "/docs/start.js",
        "/openapi.json",
        "/dashboard",
        "/dashboard/app.js",
    ],
)
def test_public_pages_need_no_key(new_client: NewClient, path: str, method: str) -> None:
    assert new_client(key="").http.request(method, path).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_start_page_reaches_the_functions_without_a_key(
    new_client: NewClient, method: str
) -> None:
    response = new_client(key="").http.request(method, "/")
    assert response.headers["x-content-type-options"] == "nosniff", "the gateway responded itself"


def test_an_analysis_that_has_not_failed_is_not_repeated(client: Client) -> None:
    """With IAM enforced: the ingest function may read what it needs to decide this."""
    one = client.post(ONE, {"text": "Hello"}).json()
    assert client.http.post(f"{ONE}/{one['id']}/retry").status_code == 409
    assert client.http.post(f"{ONE}/{UUID(int=9)}/retry").status_code == 404


def test_prometheus_may_send_the_key_as_a_token(new_client: NewClient, stack: Stack) -> None:
    bearer = {"authorization": f"Bearer {stack.name('API_KEY')}"}
    response = new_client(key="").http.get("/metrics", headers=bearer)
    names = {family.name for family in text_string_to_metric_families(response.text)}
    assert {"grok_calls", "grok_call_errors", "grok_call_latency_seconds"} <= names
    assert new_client(key="").get("/metrics").status_code == 401


def test_a_large_response_comes_compressed_and_complete(client: Client) -> None:
    response = client.http.get(
        "/docs/swagger-ui-bundle.min.js", headers={"accept-encoding": "gzip"}
    )
    assert response.headers["content-encoding"] == "gzip"
    assert len(response.content) > 1_000_000


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"text": "x"}', {"content-type": "text/plain"}, 415),
        (b"text=x", {"content-type": "application/x-www-form-urlencoded"}, 415),
        (gzip.compress(b'{"text": "x"}'), {"content-encoding": "gzip"}, 415),
        ('{"text": "ä"}'.encode("latin-1"), {}, 400),
        ('{"text": "ä"}'.encode("utf-16"), {}, 400),
        (b"[" * 200_000, {}, 400),
        (b'{"text": "' + b"x" * 10_000_000 + b'"}', {}, 413),
        (b'{"text": "\\ud800"}', {}, 422),
        (b'{"text": "a\\u0000b"}', {}, 202),
        (b"", {}, 422),
        (b"null", {}, 422),
    ],
)
def test_invalid_input_is_refused_with_a_clear_reason(
    client: Client, body: bytes, headers: dict[str, str], status: int
) -> None:
    sent = {"content-type": "application/json", **headers}
    response = client.http.post(ONE, content=body, headers=sent)
    assert response.status_code == status
    assert status == 202 or response.headers["content-type"] == "application/problem+json"


def test_another_origin_may_call_only_where_it_is_configured(stack: Stack) -> None:
    preflight = {"origin": "https://app.example", "access-control-request-method": "POST"}
    response = httpx.options(stack.name("API_URL") + ONE, headers=preflight)
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "https://app.example"
    assert response.headers["access-control-allow-methods"] == "DELETE,GET,HEAD,OPTIONS,POST"
    evil = httpx.options(
        stack.name("API_URL") + ONE, headers={**preflight, "origin": "https://evil.example"}
    )
    assert "access-control-allow-origin" not in evil.headers


def test_counters_are_what_a_recount_of_the_insights_gives(client: Client) -> None:
    identity = client.post(ONE, {"text": "I was charged twice. Refund me!"}).json()["id"]
    until(lambda: client.get(f"{LIST}/{identity}").status_code == 200, 30, "the insight")
    body = client.get(f"{LIST}/trends", verify="true").json()
    assert body["totals"]["count"] >= 1
    assert body["recount"]["totals"] == body["totals"]
    assert set(body["difference"].values()) == {0}
