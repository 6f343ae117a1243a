"""Troubles that are added to the seeds of single mutants, which their scenarios rarely have.

A focus is a part of a seed, so a new one would change every seed. A trouble changes only the runs
of its mutant. The code without a change passes with each trouble.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tests.simulation.faults import ERASE, SAVE, Burst
from tests.simulation.operation import Operation

if TYPE_CHECKING:
    from tests.simulation.mutation import Mutant
    from tests.simulation.scenario import Scenario

Trouble = Callable[["Scenario"], None]

LATE_SECONDS, LATEST_SECONDS = 600.0, 1_500.0
"""When messages are received for the third time, so that their conversations are suspected."""

SENDING_SECONDS = 100.0
REPEATS = (50.0, 120.0, 150.0)
GENERATION_TIMES = (("post", 0.0), ("post", 20.0), ("delete", 21.0), ("post", 22.5), ("post", 70.0))
WRITES = "transact_write_items"


def _writes(item: str, kind: str, share: float) -> Trouble:
    """Let a share of the writes of some items of the State table have a fault."""

    def add(scenario: Scenario) -> None:
        _add(scenario, Burst(0.0, scenario.calm_at, "dynamodb", item, kind, share))

    return add


def _with_replies(item: str, share: float, reply: str) -> Trouble:
    """Let Grok give a reply to four of ten calls, and most writes of an item fail."""

    def add(scenario: Scenario) -> None:
        _add(scenario, Burst(0.0, scenario.calm_at, "grok", "call", reply, 0.4))
        _writes(item, "throttled", share)(scenario)

    return add


def _late(service: str, operation: str, kind: str, share: float) -> Trouble:
    """Let calls have a fault while conversations are suspected."""

    def add(scenario: Scenario) -> None:
        begin = max(LATE_SECONDS, scenario.calm_at)
        _add(scenario, Burst(begin, LATEST_SECONDS, service, operation, kind, share))

    return add


def _late_trials(scenario: Scenario) -> None:
    """Let responses to settlements be lost, so that trials end after their time."""
    scenario.settings["DAILY_BUDGET_USD"] = "100"
    _writes("spend", "lost", 0.6)(scenario)


def _uncertain_budget(scenario: Scenario) -> None:
    """Let reservations be made although each response is an error."""
    scenario.settings["DAILY_BUDGET_USD"] = "100"
    _writes("spend", "server_error_after", 0.7)(scenario)


def _generations(scenario: Scenario) -> None:
    """Let conversations be deleted and sent again while messages fail and writes take seconds."""
    for number in range(12):
        steps = [(f"client{number}", kind, "parcel", after) for kind, after in GENERATION_TIMES]
        _add_steps(scenario, number, 3.0 * number, steps)
    scenario.calm_at = max(scenario.calm_at, 150.0)
    scenario.bursts = [one for one in scenario.bursts if one.service != "sqs"]
    _add(scenario, Burst(0.0, 150.0, "sqs", "send_message_batch", "throttled", 0.8))
    _add(scenario, Burst(0.0, 150.0, "dynamodb", WRITES, "slow", 0.6))


def _deletions(scenario: Scenario) -> None:
    """Let clients delete conversations that were deleted before, while they are analysed."""
    for number in range(16):
        times = (("post", 0.0), ("delete", 1.0), ("post", 2.0), ("delete", 2.5 + 0.4 * number))
        steps = [(f"client{number}", kind, "parcel", after) for kind, after in times]
        _add_steps(scenario, number, 2.0 * number, steps)
    _add(scenario, Burst(0.0, scenario.calm_at, "dynamodb", ERASE, "slow", 0.8))


def _returns(scenario: Scenario) -> None:
    """Let two clients at once send different texts under an id that was deleted."""
    steps = (
        ("client0", "post", "parcel", 0.0),
        ("client0", "delete", "parcel", 1.0),
        ("rival0", "post", "parcel", 2.0),
        ("rival1", "change", "other", 2.0),
    )
    for number in range(16):
        _add_steps(scenario, number, 2.0 * number, steps)


def _slow_expiry(operation: str) -> Trouble:
    """Let most writes of some kind take seconds while everything expires and clients return."""

    def add(scenario: Scenario) -> None:
        scenario.expires = True
        begin = 86_400.0 * int(scenario.settings["RETENTION_DAYS"])
        _add(scenario, Burst(begin, begin + 600.0, "dynamodb", operation, "slow", 0.9))

    return add


def _overtaken_deletions(scenario: Scenario) -> None:
    """Let clients send conversations again that they are about to delete, while all expire."""
    _slow_expiry(ERASE)(scenario)
    for number, one in enumerate(one for one in scenario.operations if one.kind == "post"):
        for again in range(3):
            at = 100.0 * again + 5.0 * number
            scenario.late_operations += [
                Operation(at, "rival0", "delete", one.key),
                Operation(at + 0.3, "rival1", "post", one.key, one.text),
            ]


def _repeats(scenario: Scenario) -> None:
    """Let clients repeat themselves while no message can be sent, and afterwards."""
    scenario.bursts = [one for one in scenario.bursts if one.service != "sqs"]
    _add(scenario, Burst(0.0, SENDING_SECONDS, "sqs", "send_message_batch", "throttled", 1.0))
    first = {one.key: one for one in scenario.operations if one.kind == "post"}
    scenario.operations += [
        Operation(at + number, one.actor, "post", one.key, one.text)
        for number, one in enumerate(first.values())
        for at in REPEATS
    ]
    scenario.calm_at = max(scenario.calm_at, SENDING_SECONDS + 100.0)


def _add_steps(
    scenario: Scenario, number: int, begin: float, steps: Iterable[tuple[str, str, str, float]]
) -> None:
    """Add operations about one id: who, what, which text, and how many seconds after the begin."""
    key = f"g{number}"
    scenario.operations += [
        Operation(begin + after, actor, kind, key, f"{text} {key}")
        for actor, kind, text, after in steps
    ]


def _add(scenario: Scenario, burst: Burst) -> None:
    """Add a period of a fault, before all others that cover the same call."""
    scenario.bursts = [burst, *scenario.bursts]


TROUBLES: dict[str, Trouble] = {
    "jobs were not told to wait": _writes("new_first", "throttled", 0.85),
    "batch size was not shared": _writes("batch_size", "throttled", 0.85),
    "proposed topics were not counted": _writes("proposals", "throttled", 0.85),
    "pause for used-up credits": _with_replies("credits", 0.85, "no_credits"),
    "pace was not slowed down": _with_replies("pace", 0.7, "rate_limited"),
    "a wave did not end": _late("dynamodb", "crash", "throttled", 0.85),
    "mark of a crash cannot be written": _late("dynamodb", "crash", "throttled", 0.85),
    "progress.suspects.clear()": _late("grok", "call", "no_credits", 1.0),
    "before its message is sent": _repeats,
    "insight that cannot be stored": _writes(SAVE, "server_error_after", 0.75),
    "#trial = :trial": _late_trials,
    "#until <= :until": _writes("credits", "lost", 0.5),
    "self._cancel(reservation)": _uncertain_budget,
    "text(spend(reservation.day))}, Up (place 3)": _uncertain_budget,
    "#s0 = :s0 AND #s1 = :s1 AND attribute_not_exists(#s2)": _slow_expiry(WRITES),
    "#s0 = :s0 AND #s1 = :s1 AND #s2 = :s2": _returns,
    "(#s0) AND attribute_not_exists(#s1) AND attribute_not_exists(#s2)": _overtaken_deletions,
    "generation = :generation": _generations,
    "#s0 = :s0 AND attribute_not_exists(#s1) AND attribute_not_exists(#s2) AND #s3": _deletions,
}
"""By a part of the mutant's text."""


def trouble_of(mutant: Mutant) -> Trouble | None:
    """Return the trouble of a mutant's seeds; None if there is none."""
    return next((one for part, one in TROUBLES.items() if part in mutant.source), None)
