"""Properties of every response: errors, caching, compression, CORS; on tables of moto."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from moto import mock_aws

from functions.ingest import app as ingest
from functions.query import app
from grok_insights.domain.conversation import Conversation
from grok_insights.telemetry import logger
from tests.builders import AN_ID, NOW, LambdaContext, api_event, failed_insight, insight
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import LIST, TRENDS, ClientResponse, Query, numbered

ONE = f"{LIST}/{AN_ID}"
PREFLIGHT = {
    "Origin": "https://app.example",
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "x-api-key",
}


@pytest.fixture
def query(clock: Clock) -> Iterator[Query]:
    with mock_aws():
        yield Query(make_parts(clock))


def send(query: Query, method: str, path: str, body: Any = None, **headers: str) -> ClientResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return query.send(api_event(method, path, body, headers=named))


# ------------------------------------------------------------------ one insight


def test_a_completed_insight_is_asked_for_each_time_and_not_sent_twice(query: Query) -> None:
    query.save([insight()])
    first = send(query, "GET", ONE)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = send(query, "GET", ONE, if_none_match=first.headers["ETag"])
    assert (again.status, again.body) == (304, "")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_failed_insight_is_asked_for_each_time_since_it_may_be_replaced(query: Query) -> None:
    query.save([failed_insight()])
    assert send(query, "GET", ONE).headers["Cache-Control"] == "private, no-cache"


def test_an_insight_that_is_waited_for_is_202_and_never_kept(query: Query) -> None:
    query.parts.conversations.add([Conversation(AN_ID, "Hello", NOW, NOW)])
    response = send(query, "GET", ONE)
    assert (response.status, response.body["status"]) == (202, "enqueued")
    assert (response.headers["Retry-After"], response.headers["Cache-Control"]) == ("2", "no-store")


@pytest.mark.parametrize("tag", ['"another"', "", "W/", '*"', "nonsense"])
def test_another_tag_gets_the_whole_response(query: Query, tag: str) -> None:
    query.save([insight()])
    assert send(query, "GET", ONE, if_none_match=tag).status == 200


@pytest.mark.parametrize("end", ["2026-11-22T00:00:00Z", "2026-11-24T00:00:00Z"])
def test_trends_of_any_time_are_asked_for_each_time(query: Query, end: str) -> None:
    """A conversation of any time can arrive today."""
    response = query.get(TRENDS, to=end)
    assert response.headers["Cache-Control"] == "private, no-cache"
    again = query.send(
        api_event(
            "GET", TRENDS, query={"to": end}, headers={"If-None-Match": response.headers["ETag"]}
        )
    )
    assert again.status == 304


def test_an_id_that_is_none_is_refused_by_name(query: Query) -> None:
    response = send(query, "GET", f"{LIST}/not-an-id")
    assert response.status == 422
    assert [fault["location"] for fault in response.body["errors"]] == ["path.conversation_id"]


# ------------------------------------------------------------------ methods and paths


def test_head_is_get_without_the_body(query: Query) -> None:
    query.save([insight()])
    get, head = send(query, "GET", ONE), send(query, "HEAD", ONE)
    assert (head.status, head.body) == (200, "")
    assert head.headers["ETag"] == get.headers["ETag"]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/dashboard", "/dashboard/app.js", "/docs", "/docs/", "/docs/start.js"),
        *("/health", "/openapi.json", LIST, TRENDS, "/metrics"),
    ],
)
def test_head_works_on_every_page(query: Query, path: str) -> None:
    get, head = send(query, "GET", path), send(query, "HEAD", path)
    assert (head.status, head.body) == (get.status, "")
    assert head.headers.keys() == get.headers.keys()


@pytest.mark.parametrize(
    ("address", "location"),
    [("/v1/", "dashboard"), ("/v1", "v1/dashboard"), ("/", "dashboard"), ("/a/b", "b/dashboard")],
)
def test_the_root_leads_to_the_dashboard_under_any_prefix(
    query: Query, address: str, location: str
) -> None:
    event = api_event("GET", "/")
    event["requestContext"]["path"] = address
    response = query.send(event)
    assert (response.status, response.headers["Location"]) == (302, location)
    assert urljoin(f"https://api.example{address}", location).endswith("/dashboard")
    assert urljoin(f"https://api.example{address}", location).startswith(
        f"https://api.example{address.rstrip('/')}"
    )


def test_who_shows_no_key_is_told_how_to_show_one(query: Query) -> None:
    response = send(query, "GET", "/metrics")
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="grok-insights"'


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_wrong_method_is_told_the_right_ones(query: Query, method: str) -> None:
    response = send(query, method, LIST, {})
    assert (response.status, response.body["title"]) == (405, "Method Not Allowed")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_an_unknown_path_is_a_problem(query: Query) -> None:
    response = send(query, "GET", "/nonsense")
    assert (response.status, response.body["title"]) == (404, "Not Found")
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["%C2%8D", "a\x01b", "\u4c68"])
def test_what_cannot_be_an_id_is_not_found(query: Query, name: str) -> None:
    assert send(query, "GET", f"{LIST}/{name}").status in {404, 422}


def test_a_misspelt_parameter_is_refused_by_name(query: Query) -> None:
    response = query.get(LIST, sentimnet="negative", limit="5")
    assert response.status == 422
    assert [fault["location"] for fault in response.body["errors"]] == ["query.sentimnet"]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "1.5"),
        ("limit", "5.0"),
        ("limit", "1_0"),
        ("limit", "+5"),
        ("limit", " 5"),
        ("limit", "05"),
        ("limit", "\N{ARABIC-INDIC DIGIT FIVE}"),
        ("limit", "1e1000"),
        ("limit", "9" * 5000),
        ("limit", ""),
        ("sentiment", "angry"),
        ("status", "enqueued"),
        ("topic", ""),
        ("topic", "x" * 101),
        ("from", "yesterday"),
        ("from", "0.5"),
        ("from", "1763892900"),
        ("from", "2026-11-23"),
        ("from", "2026-11-23T10:00:00 00:00"),
        ("from", "2026-11-23T10:00:00"),
        ("to", "2026-13-01T00:00:00Z"),
        ("to", "9" * 400),
        ("cursor", "x" * 501),
    ],
)
def test_a_bad_parameter_is_refused_by_name(query: Query, parameter: str, value: str) -> None:
    response = query.get(LIST, **{parameter: value})
    assert response.status == 422
    assert [fault["location"] for fault in response.body["errors"]] == [f"query.{parameter}"]


def test_a_parameter_given_twice_is_refused(query: Query) -> None:
    event = api_event("GET", LIST, query={"limit": "5"})
    event["multiValueQueryStringParameters"] = {"limit": ["5", "6"]}
    response = query.send(event)
    assert response.status == 422
    assert response.body["errors"] == [{"location": "query.limit", "message": "must be given once"}]


def test_a_table_that_is_down_is_503_and_when_to_come_back(query: Query) -> None:
    query.parts.dynamodb.delete_table(TableName=query.parts.settings.insights_table)
    response = send(query, "GET", ONE)
    assert (response.status, response.headers["Retry-After"]) == (503, "5")


# ------------------------------------------------------------------ compression


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("br, gzip;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.000, br", None),
        ("identity", None),
        ("", None),
    ],
)
def test_a_large_response_is_compressed_for_those_who_take_it(
    query: Query, accepted: str, encoding: str | None
) -> None:
    query.save(numbered(number) for number in range(12))
    response = send(query, "GET", LIST, accept="*/*", accept_encoding=accepted)
    assert response.headers.get("Content-Encoding") == encoding
    assert len(response.body["items"]) == 12
    assert "Accept-Encoding" in response.headers["Vary"]


def test_a_small_response_is_not_compressed(query: Query) -> None:
    response = send(query, "GET", LIST, accept="*/*", accept_encoding="gzip")
    assert "Content-Encoding" not in response.headers


# ------------------------------------------------------------------ other origins


def test_a_preflight_of_a_configured_origin_is_allowed(query: Query) -> None:
    response = query.send(api_event("OPTIONS", LIST, headers=PREFLIGHT))
    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "X-Api-Key" in response.headers["Access-Control-Allow-Headers"]
    assert response.headers["Access-Control-Allow-Methods"] == "GET,HEAD,OPTIONS"


def test_the_paths_of_the_ingest_function_are_known_to_this_one() -> None:
    assert {(route.method, route.path) for route in ingest.router.routes} == set(
        app.ROUTES_OF_INGEST
    )


def test_the_preflight_of_another_function_s_path_names_its_methods(query: Query) -> None:
    response = query.send(api_event("OPTIONS", "/api/v1/conversations", headers=PREFLIGHT))
    assert response.headers["Access-Control-Allow-Methods"] == "DELETE,GET,HEAD,OPTIONS,POST"


def test_a_wrong_method_on_another_function_s_path_is_told_the_right_ones(query: Query) -> None:
    response = send(query, "GET", "/api/v1/conversations/bulk")
    assert (response.status, response.headers["Allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://app.example.evil"])
def test_no_other_origin_is_allowed(query: Query, origin: str) -> None:
    for method in ("OPTIONS", "GET"):
        response = query.send(api_event(method, LIST, headers={**PREFLIGHT, "Origin": origin}))
        assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("path", [LIST, f"{LIST}/not-an-id", "/nonsense", f"{LIST}/{AN_ID}"])
def test_scripts_of_a_configured_origin_can_read_errors_too(query: Query, path: str) -> None:
    response = send(query, "GET", path, origin="https://other.example")
    assert response.headers["Access-Control-Allow-Origin"] == "https://other.example"
    assert "Origin" in response.headers["Vary"]


def test_scripts_of_a_configured_origin_can_read_that_they_ask_too_often(query: Query) -> None:
    for _ in range(60):
        send(query, "GET", LIST)
    response = send(query, "GET", LIST, origin="https://app.example")
    assert response.status == 429
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example"


def test_a_preflight_does_not_count_for_the_rate_limit(query: Query) -> None:
    for _ in range(61):
        response = query.send(api_event("OPTIONS", LIST, headers=PREFLIGHT))
    assert response.status == 204


def test_log_lines_of_a_request_have_the_id_that_api_gateway_gave_it() -> None:
    app.handler(api_event("GET", "/openapi.json"), LambdaContext())
    assert logger.get_correlation_id() == "a-request"


def test_no_response_lets_a_browser_guess_its_type(query: Query) -> None:
    for path in (LIST, ONE, "/health", "/nonsense"):
        assert send(query, "GET", path).headers["X-Content-Type-Options"] == "nosniff"
