"""The health check: what stops the analysis, and whether it is intended."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from moto import mock_aws

from grok_insights import wiring
from grok_insights.bodies.health import HealthBody
from grok_insights.flow.budget import day_of
from grok_insights.flow.pauses import PauseName
from grok_insights.wiring import Parts
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import Query


def _put(parts: Parts, name: str, **fields: str | int) -> None:
    item: dict[str, Any] = {
        key: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for key, value in fields.items()
    }
    parts.dynamodb.put_item(TableName=parts.settings.state_table, Item={"id": {"S": name}, **item})


def _health(parts: Parts) -> tuple[int, dict[str, Any]]:
    response = Query(parts).get("/health")
    return response.status, response.body


def test_without_a_pause_the_worker_is_running(parts: Parts) -> None:
    status, body = _health(parts)
    assert (status, body["status"], body["worker"]) == (200, "healthy", {"state": "running"})
    assert (body["circuit"], body["batch_size"], body["mode"]) == ("closed", 5, "mock")


def test_an_open_circuit_pauses_the_worker_until_it_is_probed(parts: Parts, clock: Clock) -> None:
    now = int(clock().timestamp())
    _put(parts, "circuit#grok", state="OPEN", opened_at=now - 4)
    status, body = _health(parts)
    assert (status, body["circuit"]) == (503, "open")
    assert body["worker"] == {
        "state": "paused",
        "reason": "circuit_open",
        "since": "2026-11-23T10:14:56.000Z",
        "until": "2026-11-23T10:15:06.000Z",
    }
    clock.move(seconds=6)
    status, body = _health(parts)
    assert (status, body["circuit"], body["worker"]["state"]) == (200, "half_open", "running")


def test_a_wrong_setting_is_named(parts: Parts, clock: Clock) -> None:
    now = int(clock().timestamp())
    _put(parts, "circuit#grok", state="OPEN", opened_at=now, reason="wrong_key: unknown")
    status, body = _health(parts)
    assert status == 503
    assert (body["worker"]["reason"], body["worker"]["detail"]) == (
        "configuration",
        "wrong_key: unknown",
    )


def test_used_up_credits_pause_the_worker(parts: Parts, clock: Clock) -> None:
    now = int(clock().timestamp())
    _put(parts, "credits", since=now - 60, until=now + 240)
    status, body = _health(parts)
    assert (status, body["worker"]["reason"]) == (503, "credits_exhausted")


def test_an_intended_pause_is_not_an_error(clock: Clock) -> None:
    with mock_aws():
        parts = make_parts(
            clock, GROK_MODE="real", GROK_API_KEY_PARAMETER="/key", DAILY_BUDGET_USD="1"
        )
        _put(parts, f"spend#{day_of(clock())}", ticks=10**10)
        status, body = _health(parts)
        assert (status, body["worker"]["reason"]) == (200, "budget_spent")
        assert body["worker"]["until"] == "2026-11-24T00:00:00.000Z"
        _put(parts, "pause", since="2026-11-23T10:00:00.000Z", reason="maintenance")
        status, body = _health(parts)
        assert status == 200
        assert body["worker"] == {
            "state": "paused",
            "reason": "paused_by_operator",
            "detail": "maintenance",
            "since": "2026-11-23T10:00:00.000Z",
        }


def test_real_mode_without_a_key_is_said_clearly(clock: Clock) -> None:
    with mock_aws():
        status, body = _health(make_parts(clock, GROK_MODE="real"))
    assert status == 503
    assert body["worker"]["detail"] == "GROK_MODE is real and there is no API key"


def test_an_unreachable_database_is_said_clearly(parts: Parts) -> None:
    parts.dynamodb.delete_table(TableName=parts.settings.state_table)
    status, body = _health(parts)
    assert (status, body["status"], body["database"]) == (503, "unhealthy", "unreachable")
    assert (body["worker"]["state"], body["worker"]["reason"]) == ("paused", "state_unreachable")
    assert (body["circuit"], body["batch_size"], body["queue"]) == ("unknown", None, {"depth": 0})


def test_a_second_check_within_two_seconds_costs_no_request(parts: Parts) -> None:
    asked: list[str] = []
    parts.dynamodb.meta.events.register("before-call", lambda model, **_: asked.append(model.name))
    seconds = 10.0
    health = replace(wiring.query(parts).health, monotonic=lambda: seconds)

    first = health()
    seconds = 11.9
    assert (health(), asked) == (first, ["BatchGetItem"])

    seconds = 12.0
    health()
    assert asked == ["BatchGetItem", "BatchGetItem"]


@pytest.mark.parametrize(
    ("service", "database", "depth"), [("dynamodb", "unreachable", 0), ("sqs", "reachable", None)]
)
def test_a_service_without_a_response_in_time_counts_as_unreachable(
    parts: Parts, service: str, database: str, depth: int | None
) -> None:
    may_respond = Event()
    client: Any = getattr(parts, service)
    client.meta.events.register_first("before-send", lambda **_: may_respond.wait(30))
    health = replace(wiring.query(parts).health, longest_check_seconds=0.5)
    body = health().body
    may_respond.set()
    assert (body["database"], body["queue"]["depth"]) == (database, depth)


def test_a_health_check_takes_at_most_three_seconds(parts: Parts) -> None:
    assert wiring.query(parts).health.longest_check_seconds == 3.0


def test_a_failed_save_is_shown_with_its_beginning_and_end(parts: Parts, clock: Clock) -> None:
    now = clock().timestamp()
    parts.pauses.pause(PauseName.STORAGE, now - 60, now + 60, "writes are refused")
    status, body = _health(parts)
    assert (status, body["worker"]) == (
        503,
        {
            "state": "paused",
            "reason": "storage_failed",
            "detail": "writes are refused",
            "since": "2026-11-23T10:14:00.000Z",
            "until": "2026-11-23T10:16:00.000Z",
        },
    )


def test_a_body_has_every_field_that_its_type_names(parts: Parts) -> None:
    assert _health(parts)[1].keys() == HealthBody.__annotations__.keys()
    parts.dynamodb.delete_table(TableName=parts.settings.state_table)
    assert _health(parts)[1].keys() == HealthBody.__annotations__.keys()
