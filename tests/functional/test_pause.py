"""Pause and resume: one item in the State table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from grok_insights.wiring import Parts
from scripts import pause

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def item(parts: Parts) -> dict[str, Any] | None:
    found = parts.dynamodb.get_item(
        TableName=parts.settings.state_table, Key={"id": {"S": "pause"}}
    )
    return dict(found["Item"]) if "Item" in found else None


def test_a_pause_says_since_when_and_why(parts: Parts) -> None:
    pause.pause(parts.dynamodb, parts.settings.state_table, "xAI is down", NOON)
    assert item(parts) == {
        "id": {"S": "pause"},
        "reason": {"S": "xAI is down"},
        "since": {"S": "2026-11-23T12:00:00Z"},
    }


def test_a_second_pause_gives_a_new_reason_and_keeps_the_beginning(parts: Parts) -> None:
    pause.pause(parts.dynamodb, parts.settings.state_table, "xAI is down", NOON)
    pause.pause(
        parts.dynamodb, parts.settings.state_table, "maintenance", NOON + timedelta(hours=1)
    )
    found = item(parts)
    assert found is not None
    assert (found["reason"]["S"], found["since"]["S"]) == ("maintenance", "2026-11-23T12:00:00Z")


def test_resuming_takes_the_item_away_and_twice_says_so(parts: Parts) -> None:
    pause.pause(parts.dynamodb, parts.settings.state_table, "xAI is down", NOON)
    assert pause.resume(parts.dynamodb, parts.settings.state_table) is True
    assert item(parts) is None
    assert pause.resume(parts.dynamodb, parts.settings.state_table) is False


def test_the_commands_do_both_on_the_table_of_the_environment(
    parts: Parts, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"STATE_TABLE_NAME": parts.settings.state_table, "REASON": " a try "}
    assert pause.main(["pause"], environ) == 0
    found = item(parts)
    assert found is not None
    assert found["reason"]["S"] == "a try"
    assert pause.main(["resume"], environ) == 0
    assert "is resumed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (["pause"], {"STATE_TABLE_NAME": "state"}, "usage"),
        (["pause"], {"STATE_TABLE_NAME": "state", "REASON": "x" * 201}, "usage"),
        (["pause"], {"REASON": "x"}, "Which stack?"),
        (["pause"], {"REASON": "x", "ENV": "prd"}, "must be one of dev, staging, prod"),
        ([], {"STATE_TABLE_NAME": "state", "REASON": "x"}, "usage"),
    ],
)
def test_what_is_missing_is_said(
    arguments: list[str],
    environ: dict[str, str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert pause.main(arguments, environ) == 1
    assert said in capsys.readouterr().out
