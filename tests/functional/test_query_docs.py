"""The description of the API and the page that shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from pydantic import TypeAdapter

from grok_insights.bodies.health import HealthBody
from grok_insights.bodies.insights import InsightBody
from scripts.openapi.__main__ import copies
from tests.builders import failed_insight, insight
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import Query


@pytest.fixture
def query(clock: Clock) -> Iterator[Query]:
    with mock_aws():
        yield Query(make_parts(clock))


def test_the_description_is_what_the_functions_say_today() -> None:
    assert {path: path.read_text("utf-8") for path in copies()} == copies()


def test_the_description_is_served_and_names_every_route(query: Query) -> None:
    body = query.get("/openapi.json").body
    assert body["openapi"] == "3.1.0"
    assert list(body["paths"]) == [
        "/api/v1/conversations",
        "/api/v1/conversations/bulk",
        "/api/v1/conversations/{conversation_id}/retry",
        "/api/v1/conversations/{conversation_id}",
        "/api/v1/insights",
        "/api/v1/insights/trends",
        "/api/v1/insights/movers",
        "/api/v1/overview",
        "/api/v1/insights/{conversation_id}",
        "/api/v1/insights/conversation/{conversation_id}",
        "/api/v1/insights/{conversation_id}/versions",
        "/api/v1/profile",
        "/api/v1/profile/versions",
        "/api/v1/profile/versions/{version}",
        "/api/v1/profile/versions/{version}/activate",
        "/api/v1/profile/preview",
        "/api/v1/profile/proposals",
        "/api/v1/profile/proposals/{topic}",
        "/api/v1/alerts",
        "/api/v1/alerts/rules",
        "/api/v1/alerts/rules/{name}",
        "/api/v1/uploads",
        "/api/v1/uploads/{upload_id}",
        "/api/v1/jobs",
        "/api/v1/jobs/{job_id}",
        "/api/v1/jobs/{job_id}/cancel",
        "/api/v1/jobs/{job_id}/start",
        "/health",
        "/metrics",
    ]
    assert body["components"]["securitySchemes"]["ApiKey"]["name"] == "x-api-key"


def test_bodies_have_the_fields_that_are_described_and_no_others(query: Query) -> None:
    for one in (insight(external_id="ticket-1"), failed_insight()):
        _check(InsightBody, one.as_json())
    _check(HealthBody, query.get("/health").body)


def _check(body: type, sent: Any) -> None:
    TypeAdapter(body).validate_json(json.dumps(sent), strict=True, extra="forbid")


def test_the_page_loads_nothing_but_its_own_files_which_are_there(query: Query) -> None:
    response = query.get("/docs")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    loaded = re.findall(r'(?:src|href)="([^"]+)"', response.body)
    assert loaded == [
        "docs/swagger-ui.min.css",
        "openapi.json",
        "docs/swagger-ui-bundle.min.js",
        "docs/start.js",
    ]
    assert [query.get(f"/{name}").status for name in loaded] == [200, 200, 200, 200]


def test_a_slash_at_the_end_leads_to_the_page(query: Query) -> None:
    response = query.get("/docs/")
    assert (response.status, response.headers["Location"]) == (308, "../docs")


def test_the_page_may_run_no_script_but_its_own_and_is_shown_in_no_frame(query: Query) -> None:
    policy = query.get("/docs").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("name", ["index.html", "..%2Fapp.py", "app.py", "openapi.json"])
def test_the_page_has_no_other_files(query: Query, name: str) -> None:
    assert query.get(f"/docs/{name}").status == 404
