"""Scenarios that concentrate on one kind of trouble, since random ones rarely produce enough of it.

Four of eight seeds have a focus. The others keep the scenario that `scenario` draws.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from tests.simulation.faults import ERASE, KILLS, PAUSE_STORAGE, SAVE, Burst
from tests.simulation.operation import DEADLY, HOPELESS, REFUSED, UNSTORABLE, Operation
from tests.simulation.profiles import BODIES, BUILT_IN, ONE_BEFORE

if TYPE_CHECKING:
    from tests.simulation.scenario import Scenario

FOCUSED = (0, 2, 4, 5)
"""The seeds, modulo 8, whose scenario has a focus."""

OUTAGES = ("server_error", "no_connection", "unavailable", "hang", "reset", "error_in_200")
LIMITS = ("rate_limited", "rate_limited_until", "rate_limited_for_30_seconds", "at_capacity")
SETTINGS = ("wrong_key", "all_refused", "all_refused", "edge_refuses")


def focus_of(seed: int) -> str:
    """Return the focus of a seed; empty if it has none."""
    if seed % 8 not in FOCUSED:
        return ""
    names = list(FOCI)
    return names[(seed // 8 * len(FOCUSED) + FOCUSED.index(seed % 8)) % len(names)]


def seeds_of(names: Collection[str], count: int) -> list[int]:
    """Return the first seeds that have one of these focuses."""
    found = (seed for seed in range(1_000_000) if focus_of(seed) in names)
    return list(islice(found, count))


def concentrate(scenario: Scenario, span: float) -> Scenario:
    """Return the scenario, changed by its focus. Its clients act within ``span`` seconds."""
    name = focus_of(scenario.seed)
    draw = Random(f"{scenario.seed}/focus")
    if name and scenario.settings["DAILY_BUDGET_USD"] == "0":
        scenario.settings["DAILY_BUDGET_USD"] = draw.choice(["0", "100"])
    if name:
        FOCI[name](scenario, draw, span)
    return scenario


def _only_burst(
    scenario: Scenario, draw: Random, span: float, kinds: tuple[str, ...], share: float = 1.0
) -> None:
    """Let one fault of Grok happen for a time, and no other fault of Grok."""
    begin = span * draw.choice([0.0, 0.2, 0.5])
    end = begin + draw.choice([20.0, 40.0, 80.0])
    scenario.bursts = [one for one in scenario.bursts if one.service != "grok"]
    scenario.bursts.append(Burst(begin, end, "grok", "call", draw.choice(kinds), share))
    scenario.rates |= dict.fromkeys(scenario.grok_kinds, 0.0)
    scenario.calm_at = max(scenario.calm_at, end + 5.0)


def _outage(scenario: Scenario, draw: Random, span: float) -> None:
    """Let every call fail; in a part of the runs, only after a time longer than a default."""
    if draw.random() < 0.3:
        _only_burst(scenario, draw, span, ("hang",))
        scenario.settings["GROK_TIMEOUT_SECONDS"] = "40"
        scenario.function_seconds = 120
    else:
        _only_burst(scenario, draw, span, OUTAGES)


def _credits(scenario: Scenario, draw: Random, span: float) -> None:
    _only_burst(scenario, draw, span, ("no_credits", "no_credits_429"))
    scenario.settings["CREDITS_RETRY_SECONDS"] = "15"
    scenario.settings["GROK_MAX_REQUESTS_PER_SECOND"] = "10"


def _rate_limit(scenario: Scenario, draw: Random, span: float) -> None:
    _only_burst(scenario, draw, span, LIMITS, draw.choice([0.2, 0.5]))
    scenario.settings["CIRCUIT_BREAKER_FAILURE_THRESHOLD"] = "9"


def _wrong_setting(scenario: Scenario, draw: Random, span: float) -> None:
    _only_burst(scenario, draw, span, SETTINGS)


def _storage(scenario: Scenario, draw: Random, span: float) -> None:
    """Refuse saves; in a part of the runs, also writes of pauses."""
    begin, end = span * 0.3, span + draw.choice([30.0, 90.0, 240.0])
    if draw.random() < 0.3:  # few conversations, for each of which several trials are made
        posts = [one for one in scenario.operations if one.kind == "post"]
        scenario.operations, end = posts[:2], span + 900.0
    kind = draw.choice(["throttled", "server_error"])
    operation = draw.choice(["transact_write_items", SAVE])
    scenario.bursts = [one for one in scenario.bursts if one.service != "dynamodb"]
    scenario.bursts.append(Burst(begin, end, "dynamodb", operation, kind, 1.0))
    if draw.random() < 0.4:
        scenario.bursts.append(Burst(begin, end, "dynamodb", PAUSE_STORAGE, kind, 1.0))
    scenario.calm_at = max(scenario.calm_at, end + 5.0)


def _budget(scenario: Scenario, draw: Random, span: float) -> None:
    scenario.settings["DAILY_BUDGET_USD"] = draw.choice(["0.005", "0.01", "0.03"])
    scenario.start = scenario.start.replace(hour=23, minute=30)
    scenario.rates["slow"] = 0.15


def _rivals(scenario: Scenario, draw: Random, span: float) -> None:
    """Let clients post, change and delete few ids while their analyses are in progress."""
    for number in range(16):
        kind = draw.choice(["post", "post", "delete", "change", "repeat"])
        key = f"z{draw.randrange(3)}"
        text = f"other {key} {number % 2}" if kind == "change" else f"parcel {key}"
        scenario.operations.append(Operation(draw.random() * span, "rival", kind, key, text))
    scenario.rates["slow"] = 0.15


def _deaths(scenario: Scenario, draw: Random, span: float) -> None:
    """Let environments die, some of them by a conversation that ends each one that asks for it."""
    scenario.rates |= dict.fromkeys(KILLS, 0.02)
    for number in range(draw.choice([1, 2])):
        text = f"parcel d{number} {DEADLY}"
        scenario.operations.append(
            Operation(draw.random() * span, "client0", "post", f"d{number}", text)
        )


def _queue(scenario: Scenario, draw: Random, span: float) -> None:
    """Let SQS fail while clients repeat themselves and conversations use up their attempts.

    In a part of the runs a conversation without a message cannot be withdrawn either.
    """
    kind = draw.choice(["throttled", "lost", "server_error_after", "partial"])
    scenario.bursts = [one for one in scenario.bursts if one.service != "sqs"]
    end = scenario.calm_at
    share = draw.choice([0.7, 0.9])
    scenario.bursts.append(Burst(0.0, end, "sqs", "send_message_batch", kind, share))
    if share > 0.7:
        scenario.bursts.append(Burst(0.0, end, "dynamodb", ERASE, "server_error", 0.9))
    scenario.settings["MAX_ATTEMPTS"] = "2"
    _texts(scenario, draw, span, ("", HOPELESS), 2)


def _writes(scenario: Scenario, draw: Random, span: float) -> None:
    """Let single writes fail often, so that steps after a wave fail."""
    kind = draw.choice(["throttled", "lost", "server_error_after"])
    scenario.bursts = [one for one in scenario.bursts if one.service != "dynamodb"]
    begin, end = 0.2 * span, scenario.calm_at
    operation = draw.choice(["update_item", "update_item", "transact_write_items"])
    scenario.bursts.append(Burst(begin, end, "dynamodb", operation, kind, 0.55))
    scenario.settings["DAILY_BUDGET_USD"] = "100"


def _odd_texts(scenario: Scenario, draw: Random, span: float) -> None:
    _texts(scenario, draw, span, ("", HOPELESS, REFUSED, UNSTORABLE, UNSTORABLE), 1)


def _texts(
    scenario: Scenario, draw: Random, span: float, words: tuple[str, ...], times: int
) -> None:
    """Let clients send texts with these words, each several times."""
    for number in range(6):
        key = f"t{number}"
        text = f"parcel {key} {draw.choice(words)}".strip()
        at = draw.random() * span
        for _ in range(times):
            scenario.operations.append(Operation(at, f"client{number}", "post", key, text))
            at += draw.choice([1.0, 12.0])


def _damage(scenario: Scenario, draw: Random, span: float) -> None:
    """Let items of the State table be damaged by hand, and repaired later."""
    for number in range(draw.choice([1, 2, 3])):
        at = draw.random() * span
        scenario.operations.append(
            Operation(at, f"fool{number}", "damage", number=draw.randrange(1_000))
        )
        rest = draw.choice([10.0, 40.0])
        scenario.operations.append(Operation(at + rest, f"fool{number}", "repair"))


def _haste(scenario: Scenario, draw: Random, span: float) -> None:
    """Let clients delete and send again what they have just sent, with clocks that differ.

    Some deletions take seconds, so that an analysis reads the conversation before, and saves after.
    """
    scenario.has_extreme_clocks = True
    scenario.window_seconds, scenario.latency_seconds = 0.1, 0.02
    for number in range(10):
        at, key = draw.random() * span, f"h{number}"
        scenario.operations.append(Operation(at, "first", "post", key, f"parcel {key}"))
        for other in range(draw.choice([1, 1, 2])):
            moment = at + draw.random() * 0.06
            scenario.operations.append(Operation(moment, f"foe{other}", "delete", key))
        for other in range(draw.choice([0, 1, 2])):
            moment = at + 0.02 + draw.random() * 0.08
            text = f"{draw.choice(['parcel', 'other'])} {key}"
            scenario.operations.append(Operation(moment, f"rival{other}", "post", key, text))
    scenario.bursts.append(Burst(0.0, scenario.calm_at, "dynamodb", ERASE, "slow", 0.5))


def _letters(scenario: Scenario, draw: Random, span: float) -> None:
    """Let responses to saves be lost while conversations use up their attempts."""
    scenario.settings |= {"MAX_ATTEMPTS": "2", "CIRCUIT_BREAKER_FAILURE_THRESHOLD": "9"}
    scenario.rates |= dict.fromkeys((*KILLS, *scenario.grok_kinds), 0.0)
    scenario.calm_at = span + 400.0
    scenario.bursts = [
        Burst(0.0, scenario.calm_at, "dynamodb", SAVE, "server_error_after", 0.7),
    ]
    _texts(scenario, draw, span, ("", HOPELESS, HOPELESS), 1)


def _expiry(scenario: Scenario, draw: Random, span: float) -> None:
    """Let everything expire while clients return, and let some of their writes take seconds."""
    del span
    scenario.expires = True
    begin = 86_400.0 * int(scenario.settings["RETENTION_DAYS"])
    operation = draw.choice([ERASE, "transact_write_items"])
    scenario.bursts.append(Burst(begin, begin + 600.0, "dynamodb", operation, "slow", 0.5))


def _redrives(scenario: Scenario, draw: Random, span: float) -> None:
    """Let conversations that use up their attempts be redriven and deleted at the same time."""
    scenario.settings["MAX_ATTEMPTS"] = "2"
    _texts(scenario, draw, span / 2, (HOPELESS, HOPELESS, REFUSED), 1)
    end = scenario.calm_at = max(scenario.calm_at, span + 120.0)
    for number in range(8):
        at = draw.random() * end
        scenario.operations.append(Operation(at, "operator", "redrive"))
        at += draw.random() * 4.0
        scenario.operations.append(Operation(at, "rival0", "delete", f"t{number}"))
    scenario.bursts.append(Burst(0.0, end, "dynamodb", ERASE, "slow", 0.7))
    scenario.bursts.append(Burst(0.0, end, "dynamodb", SAVE, "slow", 0.4))


def _analysts(scenario: Scenario, draw: Random, span: float) -> None:
    """Let analysts store a profile and activate an earlier one at the same time."""
    for number in range(10):
        at = draw.random() * span
        stored, activated = draw.randrange(len(BODIES)), draw.choice([BUILT_IN, ONE_BEFORE])
        for place, profile in enumerate((stored, activated, activated)):
            name = f"analyst{number}{place}"
            scenario.operations.append(Operation(at, name, "profile", number=profile))
            at += draw.random() * 0.2


FOCI: dict[str, Callable[[Scenario, Random, float], None]] = {
    "outage": _outage,
    "rivals": _rivals,
    "credits": _credits,
    "storage": _storage,
    "rate limit": _rate_limit,
    "damage": _damage,
    "queue": _queue,
    "odd texts": _odd_texts,
    "writes": _writes,
    "budget": _budget,
    "deaths": _deaths,
    "wrong setting": _wrong_setting,
    "haste": _haste,
    "letters": _letters,
    "expiry": _expiry,
    "redrives": _redrives,
    "analysts": _analysts,
}
