"""Previews of a profile: from the request to Grok and back, without a trace in the tables."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from moto import mock_aws

from functions.ingest.app import create_app
from grok_insights import wiring
from grok_insights.analysis.preview import CALL_SECONDS
from grok_insights.aws import clients
from grok_insights.domain.insight import Analysis, Sentiment
from grok_insights.errors import TransientError
from grok_insights.flow import budget
from grok_insights.flow.pauses import PauseName, needs_probe
from grok_insights.grok.prompt import Prompt
from grok_insights.wiring import Parts
from scripts.pause import pause
from tests.builders import NOW, api_event
from tests.functional.conftest import Clock, make_parts
from tests.functional.previews import Invocations
from tests.functional.query import ClientResponse, response_of
from tests.functional.reworks import Saying

PREVIEW = "/api/v1/profile/preview"
TEXT = "My parcel is late, and I will leave for another shop."
PROFILE = {
    "topics": {"mode": "closed", "labels": [{"name": "delivery"}]},
    "fields": [{"name": "churn_risk", "type": "enum", "values": ["low", "high"]}],
    "segments": ["channel"],
}
REAL = {"GROK_MODE": "real", "GROK_API_KEY": "xai-test", "DAILY_BUDGET_USD": "0.0100"}
COST_TICKS = 2_000_000
"""What each call of `Saying` costs."""


def answer(prompt: Prompt) -> Analysis:
    return Analysis("It is late.", Sentiment.NEGATIVE, ("delivery",), {"churn_risk": "high"})


@dataclass
class Previews:
    """The ingest function, whose calls of Lambda reach the code of the analysis function."""

    parts: Parts
    analyzer: Saying

    def __post_init__(self) -> None:
        self.invocations = Invocations(self.parts, self.analyzer)
        client = self.invocations.client
        self.http_handler = create_app(replace(self.parts, lambda_=lambda: client))

    def send(self, profile: Any = PROFILE, **conversation: Any) -> ClientResponse:
        body = {"profile": profile, "conversation": conversation or {"text": TEXT}}
        return response_of(self.http_handler, api_event("POST", PREVIEW, body))

    def stored(self) -> str:
        """Return everything that the tables contain, as a text."""
        names = self.parts.dynamodb.list_tables()["TableNames"]
        scans = [self.parts.dynamodb.scan(TableName=name)["Items"] for name in names]
        return json.dumps(scans, default=str)

    def spent_ticks(self) -> int:
        return self.parts.pauses.read(self.parts.now()).spent_ticks or 0

    def spend(self, ticks: int) -> None:
        day = budget.day_of(self.parts.now())
        reservation = self.parts.spending.reserve(day, ticks, 10**12)
        assert reservation is not None
        self.parts.spending.settle(reservation, ticks)


@pytest.fixture
def previews(clock: Clock) -> Iterator[Previews]:
    with mock_aws():
        yield Previews(make_parts(clock, **REAL), Saying(answer))


def refusal(previews: Previews) -> tuple[int, str, int]:
    """Send a preview; return the status, the detail and the seconds to wait of its refusal."""
    response = previews.send()
    assert previews.analyzer.prompts == []
    return response.status, response.body["detail"], int(response.headers["Retry-After"])


def test_a_preview_shows_what_the_profile_says_and_is_paid_for(previews: Previews) -> None:
    response = previews.send(text=TEXT, metadata={"channel": "chat"})
    assert response.status == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.body == {
        "status": "completed",
        "summary": "It is late.",
        "sentiment": "negative",
        "topics": ["delivery"],
        "fields": {"churn_risk": "high"},
        "segments": {"channel": "chat"},
        "tokens_used": 100,
        "estimated_cost": "$0.00020",
        "processing_time_ms": 0,
        "grok_model": "grok-test",
        "mock": False,
    }
    assert previews.spent_ticks() == COST_TICKS
    assert previews.parts.counters.totals()["calls"] == 1


def test_the_call_asks_what_the_unsaved_profile_asks(previews: Previews) -> None:
    asked: list[Prompt] = []

    def note(prompt: Prompt) -> Analysis:
        asked.append(prompt)
        return answer(prompt)

    previews.analyzer.outcome = note
    previews.send(messages=[{"role": "customer", "text": TEXT}])
    [prompt] = asked
    assert [one.name for one in prompt.profile.fields] == ["churn_risk"]
    assert (prompt.text, len(prompt.turns)) == (f"Customer: {TEXT}", 1)


def test_neither_the_conversation_nor_the_profile_is_stored(
    previews: Previews, capsys: pytest.CaptureFixture[str]
) -> None:
    previews.send(text=TEXT, external_id="ticket-77", metadata={"channel": "chat"})
    stored = previews.stored() + capsys.readouterr().out
    for secret in (TEXT, "ticket-77", "churn_risk", "It is late", '"chat"'):
        assert secret not in stored, secret


def test_a_failed_call_is_shown_with_its_reason(previews: Previews) -> None:
    def down(_: Prompt) -> Analysis:
        raise TransientError("timeout", "Grok did not answer", cost_ticks=7)

    previews.analyzer.outcome = down
    response = previews.send()
    assert (response.status, response.body["status"]) == (200, "failed")
    assert response.body["error"] == {"code": "timeout", "message": "Grok did not answer"}
    assert previews.spent_ticks() == 7


# ------------------------------------------------------------------ no call


def test_no_preview_is_made_while_an_operator_pauses_the_analysis(previews: Previews) -> None:
    pause(previews.parts.dynamodb, previews.parts.settings.state_table, "a new prompt", NOW)
    status, detail, _ = refusal(previews)
    assert (status, detail) == (503, "calls to Grok are paused: paused_by_operator")


def test_a_preview_is_never_the_probe_of_an_open_circuit(previews: Previews, clock: Clock) -> None:
    opened_at = {"N": str(int(clock().timestamp()))}
    item = {"id": {"S": "circuit#grok"}, "state": {"S": "OPEN"}, "opened_at": opened_at}
    parts = previews.parts
    parts.dynamodb.put_item(TableName=parts.settings.state_table, Item=item)
    assert refusal(previews)[1] == "calls to Grok are paused: circuit_open"
    clock.move(seconds=60)
    assert needs_probe(parts.pauses.read(clock()))
    assert refusal(previews)[1] == "calls to Grok are paused: circuit_open"


def test_a_preview_is_never_the_trial_of_a_pause(previews: Previews, clock: Clock) -> None:
    now = clock().timestamp()
    previews.parts.pauses.pause(PauseName.CREDITS, now, now + 10)
    clock.move(seconds=11)
    assert refusal(previews)[1] == "calls to Grok are paused: credits_exhausted"


def test_previews_leave_the_last_fifth_of_the_budget(previews: Previews) -> None:
    previews.spend(81_000_000)
    status, detail, seconds = refusal(previews)
    assert (status, "last fifth" in detail) == (503, True)
    assert seconds > timedelta(hours=1).total_seconds()
    assert previews.spent_ticks() == 81_000_000


def test_new_conversations_go_first(previews: Previews, clock: Clock) -> None:
    previews.parts.counters.let_new_go_first(clock().timestamp() + 30)
    assert "new conversations go first" in refusal(previews)[1]


# ------------------------------------------------------------------ requests


@pytest.mark.parametrize(
    ("profile", "conversation", "location"),
    [
        (PROFILE | {"fields": [{"name": "No"}]}, {"text": TEXT}, "body.profile.fields.0"),
        (PROFILE | {"segments": ["a", "a"]}, {"text": TEXT}, "body.profile.segments.1"),
        (PROFILE, {"text": " "}, "body.conversation.text"),
        (PROFILE, {"external_id": "ticket-1"}, "body.conversation.text"),
        (PROFILE, {"text": "x" * 100_001}, "body.conversation.text"),
    ],
    ids=["field", "segments", "blank", "nothing", "too long"],
)
def test_a_request_that_is_not_valid_names_its_field(
    previews: Previews, profile: Any, conversation: Any, location: str
) -> None:
    response = previews.send(profile, **conversation)
    assert response.status == 422
    assert response.body["errors"][0]["location"].startswith(location)
    assert previews.analyzer.prompts == []


@pytest.mark.parametrize(
    ("failure", "detail"),
    [
        (ReadTimeoutError(endpoint_url="https://lambda"), "the analysis took too long"),
        (ConnectTimeoutError(endpoint_url="https://lambda"), "the analysis cannot be reached"),
    ],
)
def test_a_request_is_sent_once_whatever_happens(
    previews: Previews, failure: Exception, detail: str
) -> None:
    previews.invocations.failure = failure
    response = previews.send()
    assert (response.status, response.body["detail"]) == (503, detail)
    assert previews.invocations.count == 1
    assert previews.invocations.client.meta.config.retries["total_max_attempts"] == 1


def test_a_busy_analysis_is_said_to_be_busy(previews: Previews) -> None:
    previews.invocations.response = (
        429,
        {"Error": {"Code": "TooManyRequestsException", "Message": "Rate"}},
    )
    response = previews.send()
    assert (response.status, response.headers["Retry-After"]) == (503, "10")


def test_an_analysis_that_crashes_is_said_to_have_failed(previews: Previews) -> None:
    crash = {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": io.BytesIO(b"{}")}
    previews.invocations.response = 200, crash
    assert previews.send().body["detail"] == "the analysis failed"


def test_the_call_is_shorter_than_a_client_waits(clock: Clock) -> None:
    with mock_aws():
        parts = make_parts(clock, **REAL, GROK_TIMEOUT_SECONDS="60", ANALYSIS_TIMEOUT_SECONDS="120")
        control = wiring.preview(parts).admission_control
        assert control.longest_call_seconds == CALL_SECONDS
        assert clients.lambda_.__wrapped__().meta.config.read_timeout < 29
