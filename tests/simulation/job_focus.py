"""Small scenarios of jobs that concentrate on one kind of trouble.

Two thirds of the seeds with jobs, of those without another focus, have such a scenario. Some
conversations are analysed, jobs follow, and little else happens.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from tests.simulation import sent
from tests.simulation.answers import ALIAS, drawn
from tests.simulation.faults import DUPLICATED, KEPT, OUTCOME, SAVE, Burst
from tests.simulation.focus import focus_of
from tests.simulation.grok import digest
from tests.simulation.kinds import REANALYSIS, REMAP
from tests.simulation.operation import HOPELESS, REFUSED, WAITS, Operation
from tests.simulation.workflows import LOST, TWICE, UNAVAILABLE

if TYPE_CHECKING:
    from tests.simulation.scenario import Scenario

SHARE = 2 / 3
WITHOUT_FAULTS = 0.7
"""The share of these runs without any other fault than those of the focus."""

ALL, OF_A_TOPIC, DRY_RUN = 0, 2, 8
"""Places in `operators.OPTIONS`: all insights of the day, those of a topic if the job is a remap,
and a dry run.
"""

ALIASES = (0, 2)
"""The profiles in which the topic of the filter is an alias of another topic."""

JOBS_AT = 12.0
"""When conversations that were sent in the first seconds are analysed, if Grok answers."""


def job_focus_of(seed: int) -> str:
    """Return the focus of the jobs of a seed with jobs; empty if they have none."""
    draw = Random(f"{seed}/job focus")
    is_focused = draw.random() < SHARE and not focus_of(seed)
    return draw.choice([*JOB_FOCI]) if is_focused else ""


def seeds_of(names: Collection[str], count: int) -> list[int]:
    """Return the first seeds with jobs that have one of these focuses."""
    from tests.simulation.jobs import has_jobs

    found = (one for one in range(1_000_000) if job_focus_of(one) in names and has_jobs(one))
    return list(islice(found, count))


def concentrate(scenario: Scenario, name: str) -> Scenario:
    """Return the scenario with nothing but the conversations and the jobs of a focus."""
    draw = Random(f"{scenario.seed}/focused jobs")
    scenario.operations, scenario.bursts = [], []
    scenario.settings |= {"DAILY_BUDGET_USD": "0", "GROK_MAX_REQUESTS_PER_SECOND": "5"}
    scenario.settings["INDEX_SHARDS"] = draw.choice(["1", "1", "2"])
    if draw.random() < WITHOUT_FAULTS:
        scenario.rates = dict.fromkeys(scenario.rates, 0.0)
    scenario.rates |= {UNAVAILABLE: scenario.rates["throttled"], LOST: scenario.rates["lost"]}
    scenario.rates[TWICE] = draw.choice([0.0, 0.1])
    scenario.expires, scenario.known_plans, scenario.calm_at = False, 0, 90.0
    JOB_FOCI[name](scenario, draw)
    return scenario


def _send(
    scenario: Scenario, draw: Random, keys: Sequence[str], begin: float, end: float
) -> list[str]:
    """Let clients send conversations of this day, and return their keys."""
    for key in keys:
        text = sent.text_of(key)
        at = sent.time_without_past(begin + draw.random() * (end - begin), text)
        scenario.operations.append(Operation(at, f"client-{key}", "post", key, text))
    return list(keys)


def _keys(count: int) -> list[str]:
    return [f"j{number}" for number in range(count)]


def _begin(
    scenario: Scenario, at: float, key: str, kind: str = REANALYSIS, options: int = ALL
) -> None:
    """Let an operator start a job."""
    scenario.operations.append(Operation(at, "operator", "start job", key, kind, options))


def _stop_and_go_on(
    scenario: Scenario, draw: Random, key: str, at: float, times: int, *, waits: bool
) -> None:
    """Let an operator cancel a job, and another one start it again at nearly the same time."""
    for _ in range(times):
        number = WAITS if waits else 0
        scenario.operations += [
            Operation(at, "operator", "cancel job", key, number=number),
            Operation(at + 0.3, "operator2", "restart job", key, number=WAITS),
        ]
        at += draw.choice([3.0, 10.0]) * (0.5 + draw.random())


def _restarts(scenario: Scenario, draw: Random) -> None:
    """Let jobs be cancelled and started again, while what says whether they run is written late,
    or not at all. One job is only cancelled.
    """
    _send(scenario, draw, _keys(3), 0.0, 4.0)
    for number in range(3):
        key, at = f"job{number}", JOBS_AT + draw.random() * 3
        _begin(scenario, at, key)
        after = at + draw.choice([0.5, 1.5, 4.0]) * (0.5 + draw.random())
        if number == 2:
            scenario.operations.append(Operation(after, "operator", "cancel job", key))
        else:
            times = draw.choice([1, 1, 2])
            _stop_and_go_on(scenario, draw, key, after, times, waits=number == 0)
    kind, share = draw.choice([("slow", 0.6), ("throttled", 0.8), ("lost", 0.6)])
    scenario.bursts = [Burst(JOBS_AT, scenario.calm_at, "dynamodb", "job", kind, share)]
    scenario.rates[TWICE] = 0.3
    scenario.window_seconds = 3.0


def _steps(scenario: Scenario, draw: Random) -> None:
    """Let steps run twice, the second time late, while jobs end or are started again."""
    _send(scenario, draw, _keys(3), 0.0, 4.0)
    for number in range(4):
        key, at = f"job{number}", JOBS_AT + draw.random() * 3
        _begin(scenario, at, key, options=ALL if number == 0 else DRY_RUN)
    if draw.random() < 0.5:
        _stop_and_go_on(scenario, draw, "job0", JOBS_AT + 5.0, 1, waits=True)
    scenario.rates[TWICE] = 0.7
    begin, end = JOBS_AT, scenario.calm_at
    scenario.bursts = [
        Burst(begin, end, "dynamodb", "job", "slow", 0.7),
        Burst(begin, end, "dynamodb", "put_item", "slow", draw.choice([0.0, 0.2])),
    ]


def _dropped(scenario: Scenario, draw: Random) -> None:
    """Let jobs be cancelled while their messages wait, which are dropped, and started again."""
    _send(scenario, draw, _keys(3), 0.0, 4.0)
    for number in range(2):
        key, at = f"job{number}", JOBS_AT + draw.random() * 6
        _begin(scenario, at, key)
        later = at + draw.choice([8.0, 12.0])
        scenario.operations += [
            Operation(at + 1.5, "operator", "cancel job", key, number=WAITS),
            Operation(later, "operator2", "restart job", key, number=WAITS),
        ]
    scenario.window_seconds = 4.0


def _backlog(scenario: Scenario, draw: Random) -> None:
    """Let new conversations wait while a job asks for calls.

    One call takes so long that everything waits. What is sent then is erased at once, so that
    nothing but its age is left of it. In the other runs, more is sent than the pace allows.
    """
    _send(scenario, draw, _keys(3), 0.0, 3.0)
    if draw.random() < 0.5:
        scenario.settings |= {"GROK_TIMEOUT_SECONDS": "25", "MAX_BATCH_SIZE": "9"}
        scenario.function_seconds, scenario.concurrency = 90, 1
        _send(scenario, draw, ["slow"], JOBS_AT, JOBS_AT + 1.0)
        scenario.bursts = [Burst(JOBS_AT - 1.0, JOBS_AT + 6.0, "grok", "call", "hang", 1.0)]
        for key in _send(scenario, draw, ["gone0", "gone1"], JOBS_AT + 4.0, JOBS_AT + 8.0):
            at = JOBS_AT + 9.0 + draw.random() * 4
            scenario.operations.append(Operation(at, f"client-{key}", "delete", key))
    else:
        scenario.settings |= {"GROK_MAX_REQUESTS_PER_SECOND": "1"}
        _send(scenario, draw, [f"new{number}" for number in range(16)], JOBS_AT, JOBS_AT + 4.0)
    _begin(scenario, JOBS_AT + 4.0 + draw.random() * 8, "job0")


def _budget(scenario: Scenario, draw: Random) -> None:
    """Let jobs need more than what is left of a day's budget, which nobody raises."""
    scenario.settings["DAILY_BUDGET_USD"] = draw.choice(["0.004", "0.006", "0.008"])
    scenario.start = scenario.start.replace(hour=23, minute=30)
    scenario.keeps_budget = True
    _send(scenario, draw, _keys(6), 0.0, 4.0)
    _begin(scenario, JOBS_AT, "job0")


def _twice(scenario: Scenario, draw: Random) -> None:
    """Let messages be delivered twice, while conversations fail, or are erased, and it is not known
    whether that was recorded.
    """
    keys = _send(scenario, draw, _keys(5), 0.0, 4.0)
    for number, flavour in enumerate([HOPELESS, REFUSED]):
        text = sent.text_of(f"f{number}", flavour)
        at = sent.time_without_past(draw.random() * 4.0, text)
        scenario.operations.append(Operation(at, "client", "post", f"f{number}", text))
    scenario.settings["MAX_ATTEMPTS"] = "2"
    at = JOBS_AT + 6.0 + draw.random() * 6
    _begin(scenario, at, "job0")
    for key in keys[:2]:
        moment, waits = at + draw.random() * 6, draw.choice([0, WAITS])
        scenario.operations.append(Operation(moment, "eraser", "delete", key, number=waits))
    scenario.rates |= {DUPLICATED: 0.5, KEPT: 0.3}
    share = draw.choice([0.0, 0.7])
    outcomes = Burst(JOBS_AT, scenario.calm_at, "dynamodb", OUTCOME, "server_error_after", share)
    scenario.bursts = [outcomes]


def _changed(scenario: Scenario, draw: Random) -> None:
    """Let insights change between their selection and their replacement: by other jobs too."""
    keys = _send(scenario, draw, _keys(4), 0.0, 4.0)
    scenario.window_seconds = 2.0
    at = JOBS_AT + draw.random() * 3
    for number in range(2):
        _begin(scenario, at + draw.random() * 0.5, f"job{number}")
    profile = Operation(at - 2.0, "analyst", "profile", number=draw.choice(ALIASES))
    scenario.operations.append(profile)
    _begin(scenario, at + 1.0 + draw.random() * 2, "remap", REMAP)
    for key in keys[:2]:
        moment = at + draw.random() * 6
        scenario.operations.append(Operation(moment, "eraser", "delete", key))
        again = moment + draw.choice([0.1, 1.0])
        scenario.operations.append(Operation(again, "client", "post", key, sent.text_of(key)))


def _mapped(scenario: Scenario, draw: Random) -> None:
    """Let remaps change the topic by which they select, while steps run twice or end halfway."""
    named = [key for key in _keys(40) if drawn(ALIAS, digest(sent.text_of(key)), 3) == 0]
    _send(scenario, draw, named[:5], 0.0, 4.0)
    profile = Operation(JOBS_AT, "analyst", "profile", number=draw.choice(ALIASES))
    scenario.operations.append(profile)
    for number in range(2):
        _begin(scenario, JOBS_AT + 3.0 + draw.random(), f"remap{number}", REMAP, OF_A_TOPIC)
    scenario.rates[TWICE] = 0.5
    kind, share = draw.choice([("slow", 0.5), ("killed_after", 0.4)])
    scenario.bursts = [Burst(JOBS_AT, scenario.calm_at, "dynamodb", SAVE, kind, share)]


JOB_FOCI: dict[str, Callable[[Scenario, Random], None]] = {
    "restarts": _restarts,
    "dropped": _dropped,
    "steps": _steps,
    "backlog": _backlog,
    "job budget": _budget,
    "twice": _twice,
    "changed": _changed,
    "mapped": _mapped,
}

WITH_REMAPS = {"changed", "mapped"}
"""The focuses of which some jobs are remaps."""
