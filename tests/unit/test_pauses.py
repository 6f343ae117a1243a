"""Which pause is shown, and until when; how long a wave may wait for its starting times."""

from __future__ import annotations

from datetime import timedelta

import pytest

from grok_insights.flow.pace import Pace
from grok_insights.flow.pauses import (
    Blocks,
    Circuit,
    CircuitState,
    Damage,
    OperatorPause,
    PauseLimits,
    PauseName,
    Reason,
    TimedPause,
    WorkerState,
    active_pause,
    needs_probe,
)
from tests.builders import NOW

AT = int(NOW.timestamp())
LIMITS = PauseLimits(recovery_seconds=10, budget_ticks=100, pace=Pace(37.0))
STORAGE = TimedPause(PauseName.STORAGE, AT - 5, AT + 60, "writes are refused")
CREDITS = TimedPause(PauseName.CREDITS, AT - 5, AT + 30)
DAMAGE = Damage("circuit#grok", "state", "is missing")


def reason(**fields: object) -> Reason | None:
    pause = active_pause(WorkerState(**fields), LIMITS, NOW)  # type: ignore[arg-type]
    return None if pause is None else pause.reason


def test_reasons_are_shown_in_order_and_the_operators_pause_comes_first() -> None:
    fields: dict[str, object] = {
        "operator": OperatorPause(),
        "damage": (DAMAGE,),
        "circuit": Circuit(CircuitState.OPEN, AT),
        "timed_pauses": (STORAGE, CREDITS),
        "spent_ticks": 100,
        "next_start_at": AT + 100,
    }
    found = []
    for name in list(fields):
        found.append(reason(**fields))
        del fields[name]
    assert found == [
        Reason.OPERATOR,
        Reason.STATE_UNREADABLE,
        Reason.CIRCUIT_OPEN,
        Reason.STORAGE,
        Reason.BUDGET_SPENT,
        Reason.RATE_LIMITED,
    ]


def test_a_failed_save_pauses_calls_with_its_beginning_end_and_detail() -> None:
    worker_state = WorkerState(timed_pauses=(STORAGE,))
    pause = active_pause(worker_state, LIMITS, NOW)
    assert pause is not None
    assert (pause.reason, pause.seconds) == (Reason.STORAGE, 60)
    assert (pause.since, pause.detail) == (NOW - timedelta(seconds=5), "writes are refused")
    assert (
        active_pause(WorkerState(timed_pauses=(STORAGE,)), LIMITS, NOW + timedelta(minutes=1))
        is None
    )


@pytest.mark.parametrize("pauses", [(STORAGE, CREDITS), (CREDITS, STORAGE)])
def test_of_two_timed_pauses_the_one_that_ends_last_is_shown(
    pauses: tuple[TimedPause, ...],
) -> None:
    assert reason(timed_pauses=pauses) is Reason.STORAGE


def test_everything_that_is_damaged_is_named() -> None:
    other = Damage("credits", "until", "is not a number")
    pause = active_pause(WorkerState(damage=(DAMAGE, other)), LIMITS, NOW)
    assert pause is not None
    assert pause.detail == (
        "item circuit#grok of the State table: state is missing;"
        " item credits of the State table: until is not a number"
    )
    assert not pause.has_known_end


@pytest.mark.parametrize(
    ("blocks", "budget_ticks", "stops"),
    [
        (Blocks.CALLS, 0, True),
        (Blocks.PAID_CALLS, 0, False),
        (Blocks.PAID_CALLS, 1, True),
        (Blocks.NOTHING, 1, False),
    ],
)
def test_a_damaged_item_stops_the_calls_that_it_could_affect(
    blocks: Blocks, budget_ticks: int, stops: bool
) -> None:
    damage = Damage("spend#2026-11-23", "ticks", "is not a number", blocks)
    pause = active_pause(WorkerState(damage=(damage,)), PauseLimits(10, budget_ticks), NOW)
    assert (pause is not None) is stops


def test_an_unreadable_circuit_counts_as_open_and_is_probed() -> None:
    circuit = Circuit(CircuitState.UNKNOWN)
    assert circuit.opens_for_seconds(10, AT) == 30
    assert needs_probe(WorkerState(circuit=circuit))


@pytest.mark.parametrize(
    ("calls", "room_seconds", "longest"),
    [(1, 20, 5), (11, 20, 5), (11, 4, 3), (31, 4, 1), (41, 4, 0), (51, 4, -1), (1, 0, 0)],
)
def test_a_wave_waits_at_most_5_seconds_and_so_long_that_its_last_call_is_in_time(
    calls: int, room_seconds: float, longest: float
) -> None:
    assert Pace(10.0).longest_wait_seconds(calls, room_seconds) == pytest.approx(longest)
