"""The health check: what stops the analysis, and whether somebody wanted it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from moto import mock_aws

from grok_insights import wiring
from grok_insights.flow.budget import day_of
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
    answer = Query(parts).get("/health")
    return answer.status, answer.body


def test_nothing_stands_in_the_way(parts: Parts) -> None:
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


def test_what_somebody_wanted_is_no_fault(clock: Clock) -> None:
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
    assert (status, body["database"]) == (503, "unreachable")


def test_whoever_asks_again_within_two_seconds_costs_no_request(parts: Parts) -> None:
    asked: list[str] = []
    parts.dynamodb.meta.events.register("before-call", lambda model, **_: asked.append(model.name))
    seconds = iter([10.0, 11.9, 12.0, 12.0])
    health = replace(wiring.query(parts).health, monotonic=lambda: next(seconds))

    first, second = health(), health()
    assert (first, asked) == (second, ["BatchGetItem"])

    health()
    assert asked == ["BatchGetItem", "BatchGetItem"]
