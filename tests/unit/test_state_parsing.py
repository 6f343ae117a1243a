"""Items of the State table that were written by hand, or that are damaged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.aws.state.parsing import readable_numbers, worker_state
from grok_insights.flow.pace import Pace
from grok_insights.flow.pauses import (
    Circuit,
    CircuitState,
    OperatorPause,
    PauseLimits,
    PauseName,
    Reason,
    TimedPause,
    WorkerState,
    active_pause,
)
from tests.builders import NOW

DAY = "2026-11-23"
SPEND = f"spend#{DAY}"
AT = int(NOW.timestamp())
LIMITS = PauseLimits(recovery_seconds=10, budget_ticks=1_000, pace=Pace(37.0))

GOOD: dict[str, dict[str, Any]] = {
    "batch_size": {"size": {"N": "12"}},
    "circuit#grok": {"state": {"S": "OPEN"}, "opened_at": {"N": str(AT - 60)}},
    "credits": {"since": {"N": str(AT - 60)}, "until": {"N": str(AT - 1)}},
    "storage": {"since": {"N": str(AT - 60)}, "until": {"N": str(AT - 1)}},
    SPEND: {"ticks": {"N": "12"}},
    "pace": {"next_us": {"N": str(AT * 10**6)}},
}
HALF_OPEN = {
    "state": {"S": "HALF_OPEN"},
    "opened_at": {"N": str(AT - 60)},
    "probe_lease_expiry": {"N": str(AT - 1)},
}

OF_NO_NUMBER: dict[str, Any] = {
    "text": {"S": "12"},
    "truth": {"BOOL": True},
    "list": {"L": [{"N": "1"}]},
    "map": {"M": {"a": {"N": "1"}}},
    "null": {"NULL": True},
    "binary": {"B": b"1"},
    "numbers": {"NS": ["1"]},
    "not a number": {"N": "NaN"},
    "infinite": {"N": "Infinity"},
    "fraction": {"N": "1.5"},
    "negative": {"N": "-1"},
}
OF_NO_TIME = {**OF_NO_NUMBER, "far future": {"N": "1E+125"}, "microseconds": {"N": f"{AT}000000"}}
OF_NO_TEXT = {name: value for name, value in OF_NO_NUMBER.items() if name != "text"}


def read(name: str, item: dict[str, Any]) -> WorkerState:
    return worker_state({name: {"id": {"S": name}, **item}}, DAY, NOW)


def cases() -> list[Any]:
    """Return all invalid values of every attribute that stops calls, and each attribute missing."""
    attributes = [
        ("circuit#grok", GOOD["circuit#grok"], "state", OF_NO_TEXT | {"unknown": {"S": "AJAR"}}),
        ("circuit#grok", GOOD["circuit#grok"], "opened_at", OF_NO_TIME),
        ("circuit#grok", HALF_OPEN, "opened_at", OF_NO_TIME),
        ("circuit#grok", HALF_OPEN, "probe_lease_expiry", OF_NO_TIME),
        ("credits", GOOD["credits"], "since", OF_NO_TIME),
        ("credits", GOOD["credits"], "until", OF_NO_TIME),
        ("storage", GOOD["storage"], "since", OF_NO_TIME),
        ("storage", GOOD["storage"], "until", OF_NO_TIME),
        (SPEND, GOOD[SPEND], "ticks", OF_NO_NUMBER),
    ]
    return [
        pytest.param(name, {**good, attribute: value}, attribute, id=f"{name}-{attribute}-{odd}")
        for name, good, attribute, values in attributes
        for odd, value in values.items()
    ] + [
        pytest.param(
            name,
            {key: value for key, value in good.items() if key != attribute},
            attribute,
            id=f"{name}-{attribute}-missing",
        )
        for name, good, attribute, _ in attributes
    ]


@pytest.mark.parametrize(("name", "item", "attribute"), cases())
def test_an_attribute_that_cannot_be_read_stops_calls_and_is_named(
    name: str, item: dict[str, Any], attribute: str
) -> None:
    pause = active_pause(read(name, item), LIMITS, NOW)
    assert pause is not None
    assert (pause.reason, pause.seconds) == (Reason.STATE_UNREADABLE, 30)
    assert pause.detail.startswith(f"item {name} of the State table: {attribute} is ")


@pytest.mark.parametrize("name", GOOD)
def test_items_as_we_write_them_are_read_without_a_fault(name: str) -> None:
    found = read(name, GOOD[name])
    assert found.damage == ()
    assert active_pause(found, LIMITS, NOW) is None


def test_everything_is_read_as_it_is_written() -> None:
    items = {name: {"id": {"S": name}, **item} for name, item in GOOD.items()}
    assert worker_state(items, DAY, NOW) == WorkerState(
        batch_size=12,
        circuit=Circuit(CircuitState.OPEN, AT - 60),
        timed_pauses=(
            TimedPause(PauseName.STORAGE, AT - 60, AT - 1),
            TimedPause(PauseName.CREDITS, AT - 60, AT - 1),
        ),
        spent_ticks=12,
        next_start_at=AT,
    )


def test_a_half_open_circuit_is_read_with_its_probe() -> None:
    assert read("circuit#grok", HALF_OPEN).circuit == Circuit(
        CircuitState.HALF_OPEN, AT - 60, AT - 1
    )


def test_nothing_is_read_where_there_is_nothing() -> None:
    assert worker_state({}, DAY, NOW) == WorkerState()


@pytest.mark.parametrize("attribute", ["opened_at", "failure_count", "expiration", "reason"])
def test_a_closed_circuit_needs_only_its_state(attribute: str) -> None:
    found = read("circuit#grok", {"state": {"S": "CLOSED"}, attribute: {"BOOL": True}})
    assert (found.circuit, found.damage) == (Circuit(), ())


@pytest.mark.parametrize("value", OF_NO_NUMBER.values(), ids=OF_NO_NUMBER)
@pytest.mark.parametrize(("name", "attribute"), [("batch_size", "size"), ("pace", "next_us")])
def test_a_damaged_batch_size_or_pace_is_named_and_stops_nothing(
    name: str, attribute: str, value: dict[str, Any]
) -> None:
    found = read(name, {attribute: value})
    assert (found.batch_size, found.next_start_at) == (0, 0.0)
    assert [(one.item, one.attribute) for one in found.damage] == [(name, attribute)]
    assert active_pause(found, LIMITS, NOW) is None


def test_a_damaged_spending_stops_nothing_where_there_is_no_budget() -> None:
    found = read(SPEND, {"ticks": {"S": "12"}})
    assert found.spent_ticks is None
    assert active_pause(found, PauseLimits(recovery_seconds=10), NOW) is None


@pytest.mark.parametrize("value", OF_NO_TEXT.values(), ids=OF_NO_TEXT)
@pytest.mark.parametrize("attribute", ["since", "reason"])
def test_an_operators_pause_holds_whatever_is_in_its_item(
    attribute: str, value: dict[str, Any]
) -> None:
    pause = active_pause(read("pause", {attribute: value}), LIMITS, NOW)
    assert pause is not None
    assert (pause.reason, pause.since) == (Reason.OPERATOR, None)
    assert f"item pause of the State table: {attribute} is not a text" in pause.detail


@pytest.mark.parametrize(
    "since", ["yesterday", "2026-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
def test_an_operators_pause_with_no_time_says_so_beside_its_reason(since: str) -> None:
    pause = active_pause(
        read("pause", {"since": {"S": since}, "reason": {"S": "maintenance"}}), LIMITS, NOW
    )
    assert pause is not None
    assert pause.detail.startswith("maintenance; item pause of the State table: since is not a ")


@pytest.mark.parametrize(
    ("since", "instant"),
    [
        ("2026-11-23T10:15:00Z", NOW),
        ("2026-11-23T12:15:00+02:00", NOW),
        ("2026-11-23T10:15:00", NOW),
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
    ],
)
def test_an_operators_time_without_a_zone_is_utc(since: str, instant: datetime) -> None:
    assert read("pause", {"since": {"S": since}}).operator == OperatorPause(instant)


def test_an_empty_item_of_a_pause_that_ended_stops_nothing() -> None:
    assert read("credits", {"trial": {"S": "somebody"}}) == WorkerState()


def test_a_long_reason_is_cut() -> None:
    operator = read("pause", {"reason": {"S": "x" * 10_000}}).operator
    assert operator is not None
    assert len(operator.reason) == 300


def test_totals_that_cannot_be_read_are_left_out() -> None:
    item = {"calls": {"N": "3"}, "tokens": {"N": "1.9"}} | {
        name: value for name, value in OF_NO_NUMBER.items() if name != "fraction"
    }
    assert readable_numbers(item) == {"calls": 3, "tokens": 1}


values: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries({"N": st.from_regex(r"-?[0-9]{1,40}(\.[0-9]{1,5})?(E[0-9]{1,3})?")}),
    st.fixed_dictionaries({"S": st.text(max_size=10)}),
    st.sampled_from([{"BOOL": False}, {"NULL": True}, {"L": []}, {"M": {}}, {}]),
)
names = st.sampled_from([*GOOD, "pause"])
attributes = st.sampled_from(
    [*GOOD["circuit#grok"], *HALF_OPEN, "reason", "since", "until", "ticks", "size", "next_us"]
)


@given(st.dictionaries(names, st.dictionaries(attributes, values, max_size=5)))
def test_no_item_whatever_is_in_it_raises(items: dict[str, Any]) -> None:
    found = worker_state(items, DAY, NOW)
    pause = active_pause(found, LIMITS, NOW)
    assert pause is None or pause.seconds > 0
