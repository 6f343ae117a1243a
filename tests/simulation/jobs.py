"""The part of a scenario in which operators analyse stored insights again, or map them anew.

A tenth of the seeds has jobs, and half of these have remaps. Their numbers come from streams of
their own, so that the scenarios of the other seeds stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from tests.simulation import sent
from tests.simulation.job_focus import WITH_REMAPS, concentrate, job_focus_of
from tests.simulation.kinds import REANALYSIS, REMAP
from tests.simulation.operation import HOPELESS, REFUSED, WAITS, Operation
from tests.simulation.operators import OPTIONS
from tests.simulation.profiles import BUILT_IN
from tests.simulation.workflows import LOST, TWICE, UNAVAILABLE

if TYPE_CHECKING:
    from tests.simulation.scenario import Scenario

SHARE = 1 / 10
REMAPS = 0.5
"""The share of these seeds in which some jobs are remaps."""

KINDS = (REANALYSIS, REMAP)
"""The kinds of jobs that are started."""

MAPPINGS = (0, 0, 1, 2, 2, BUILT_IN)
"""The profiles that are activated before a remap: with an alias, segments, closed topics, or none
of them."""

CONVERSATIONS = 10
OVER_BUDGET = 0.15
"""The share of these runs in which jobs need more than a day's budget."""


def has_jobs(seed: int) -> bool:
    """Return whether operators start jobs in a seed's scenario."""
    return Random(f"{seed}/reanalysis").random() < SHARE


def has_remaps(seed: int) -> bool:
    """Return whether some jobs of a seed's scenario are remaps."""
    if focus := job_focus_of(seed):
        return has_jobs(seed) and focus in WITH_REMAPS
    return has_jobs(seed) and Random(f"{seed}/mapped").random() < REMAPS


def seeds_with_jobs(count: int) -> list[int]:
    """Return the first seeds that have jobs."""
    return list(islice(filter(has_jobs, range(1_000_000)), count))


def seeds_with_remaps(count: int) -> list[int]:
    """Return the first seeds that have remaps."""
    return list(islice(filter(has_remaps, range(1_000_000)), count))


def with_jobs(scenario: Scenario, span: float) -> Scenario:
    """Return the scenario with its jobs, if it has any. Its clients act within ``span`` seconds."""
    if not has_jobs(scenario.seed):
        return scenario
    scenario.has_remaps = has_remaps(scenario.seed)
    if focus := job_focus_of(scenario.seed):
        return concentrate(scenario, focus)
    draw = Random(f"{scenario.seed}/jobs")
    kinds = KINDS if scenario.has_remaps else (REANALYSIS,)
    scenario.operations += _job(draw, span, "job", kinds)
    scenario.operations += _meanwhile(draw, span)
    scenario.calm_at = max(scenario.calm_at, span + draw.choice([60.0, 150.0]))
    scenario.rates |= {
        UNAVAILABLE: scenario.rates["throttled"],
        LOST: scenario.rates["lost"],
        TWICE: draw.choice([0.0, 0.1]),
    }
    if draw.random() < OVER_BUDGET:
        _over_budget(scenario, draw)
    if scenario.has_remaps:
        remaps = Random(f"{scenario.seed}/remap")
        scenario.operations += _remap(remaps, span)
        scenario.rates[TWICE] = remaps.choice([0.1, 0.4])
    return scenario


def _remap(draw: Random, span: float) -> list[Operation]:
    """Return the operations on a remap, and those that activate profiles before it, or meanwhile.

    The first one comes when most conversations are analysed.
    """
    times = [0.6 + draw.random() * 0.3, *([0.8 + draw.random() * 0.6] * (draw.random() < 0.5))]
    made = [
        Operation(span * at, "analyst", "profile", number=draw.choice(MAPPINGS)) for at in times
    ]
    return made + _job(draw, span, "remap", (REMAP,))


def _job(draw: Random, span: float, key: str, kinds: Sequence[str]) -> list[Operation]:
    """Return the operations on one job: it may be cancelled, and started again at once or later."""
    at = span * (0.6 + draw.random() * 0.7)
    kind = draw.choice(kinds)
    made = [Operation(at, "operator", "start job", key, kind, draw.randrange(len(OPTIONS)))]
    for _ in range(draw.choice([0, 1, 1, 2])):
        at += draw.choice([1.0, 5.0, 30.0, 60.0]) * (0.5 + draw.random())
        made.append(Operation(at, "operator", "cancel job", key, number=draw.choice([0, WAITS])))
        restarted = at + draw.choice([0.1, 3.0, 30.0]) * (0.5 + draw.random())
        if draw.random() < 0.7:
            made.append(Operation(restarted, "operator2", "restart job", key))
        at = restarted
    made.append(Operation(at + draw.random() * 60, "operator", "read job", key))
    return made


def _meanwhile(draw: Random, span: float) -> list[Operation]:
    """Return what clients do: they send conversations of this day, and while a job may run, they
    erase, change and send some.
    """
    made = []
    for number in range(CONVERSATIONS):
        text = sent.text_of(f"j{number}", draw.choice(["", "", "", "", HOPELESS, REFUSED]))
        at = sent.time_without_past(draw.random() * span * 0.6, text)
        made.append(Operation(at, f"client{number}", "post", f"j{number}", text))
    for number in range(6):
        kind = draw.choice(["delete", "delete", "change", "post"])
        key = f"j{draw.randrange(CONVERSATIONS)}"
        text = f"other {key} {number}" if kind == "change" else sent.text_of(key)
        at = span * 0.8 + draw.random() * 90
        waits = WAITS if kind == "delete" and draw.random() < 0.6 else 0
        made.append(Operation(at, f"client{number}", kind, key, text, waits))
    return made


def _over_budget(scenario: Scenario, draw: Random) -> None:
    """Let jobs need more than a day's budget, which nobody raises."""
    scenario.settings["DAILY_BUDGET_USD"] = draw.choice(["0.03", "0.06"])
    scenario.start = scenario.start.replace(hour=23, minute=30)
    scenario.keeps_budget = True
