"""The error type that follows from a status and a text: each row of the table."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.errors import AnalysisError
from grok_insights.grok import faults
from tests.builders import NOW

CREDITS = "Your team x has either used all available credits or reached its monthly spending limit."
ROWS = [
    (400, "Incorrect API key provided: na***ys. You can", "configuration", "wrong_key"),
    (400, "Incorrect%20API%20key%20provided%3A%20na***ys", "configuration", "wrong_key"),
    (401, "No credentials presented.", "configuration", "no_key"),
    (403, CREDITS, "credits", "credits_exhausted"),
    (429, CREDITS, "credits", "credits_exhausted"),
    (403, "The API key is blocked.", "configuration", "forbidden"),
    (403, "Content violates usage guidelines. Failed check: S", "permanent", "moderated"),
    (404, "The model grok-1 does not exist or your team", "configuration", "unknown_model"),
    (400, "Model not found: grok-1", "configuration", "unknown_model"),
    (400, "This model's maximum prompt length is 9 but", "permanent", "too_long"),
    (400, "Invalid argument", "permanent", "bad_request"),
    (415, "Expected JSON", "permanent", "bad_request"),
    (422, "Failed to deserialize", "permanent", "bad_request"),
    (408, "", "transient", "timeout"),
    (425, "", "transient", "too_early"),
    (429, "Too many requests for team", "transient", "rate_limited"),
    (429, "The model is currently at capacity due to high demand", "transient", "at_capacity"),
    (500, "", "transient", "server_error"),
    (502, "<html>Bad Gateway</html>", "transient", "server_error"),
    (504, "", "transient", "timeout"),
    (529, "Overloaded", "transient", "server_error"),
    (302, "", "configuration", "redirected"),
]


@pytest.mark.parametrize(("status", "text", "kind", "code"), ROWS)
@pytest.mark.parametrize(
    "form",
    ['{{"code": "c", "error": "{}"}}', '{{"error": {{"message": "{}", "type": "t"}}}}', "{}"],
    ids=["flat", "nested", "plain"],
)
def test_each_case_is_told_from_the_others_in_every_form_of_body(
    form: str, status: int, text: str, kind: str, code: str
) -> None:
    error = faults.of_response(status, {}, form.format(text).encode(), NOW)
    assert (error.kind, error.code) == (kind, code)


@given(st.integers(201, 599), st.binary())
def test_every_status_and_body_is_an_error_of_the_tree(status: int, body: bytes) -> None:
    error = faults.of_response(status, {}, body, NOW)
    assert isinstance(error, AnalysisError)
    assert error.kind in {"transient", "permanent", "configuration", "credits"}


@pytest.mark.parametrize("depth", [1_200, 100_000])
def test_an_error_body_nested_to_any_depth_is_an_error_of_the_tree(depth: int) -> None:
    body = '{"error": ' * depth + '"x"' + "}" * depth
    assert faults.of_response(500, {}, body.encode(), NOW).code == "server_error"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0.5 ", 0.5),
        ("0", 0.0),
        ("86400", 900.0),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30.0),
        (format_datetime(NOW - timedelta(seconds=30), usegmt=True), 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_what_sqs_can_wait(
    value: str | None, seconds: float | None
) -> None:
    assert faults.retry_after_seconds(value, NOW) == seconds


@given(st.text())
def test_any_retry_after_is_a_bearable_time_or_none(value: str) -> None:
    seconds = faults.retry_after_seconds(value, NOW)
    assert seconds is None or 0 <= seconds <= 900
