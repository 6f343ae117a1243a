"""A run without faults, in which a re-analysis needs more than what is left of a day's budget."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from grok_insights.flow.budget import day_of
from tests.simulation import sent
from tests.simulation.operation import Operation
from tests.simulation.operators import documents
from tests.simulation.run import run_world
from tests.simulation.scenario import START, Scenario, of_seed
from tests.simulation.world import World

CONVERSATIONS = 24
BUDGET_USD = "0.02"
TODAY, TOMORROW = "2026-11-23", "2026-11-24"


def scenario() -> Scenario:
    """Return a scenario without faults: 24 conversations at 23:00, and a job a minute later."""
    made = of_seed(0)
    made.settings |= {"DAILY_BUDGET_USD": BUDGET_USD, "MIN_BATCH_SIZE": "1", "MAX_BATCH_SIZE": "3"}
    made.start = START.replace(hour=23, minute=0)
    made.rates, made.bursts, made.calm_at = {}, [], 100.0
    made.expires, made.keeps_budget = False, True
    made.operations = [Operation(60.0, "operator", "start job", "job0", "reanalysis")]
    for number in range(CONVERSATIONS):
        text = sent.text_of(f"x{number}")
        at = sent.time_without_past(number / 2, text)
        made.operations.append(Operation(at, "client", "post", f"x{number}", text))
    return made


@dataclass(frozen=True)
class Story:
    """What happened. Counts and spending are by day."""

    violations: list[str]
    statuses: list[str]
    replaced: int
    calls_for_the_job: Counter[str]
    spent_at_the_last_call_for_the_job: dict[str, float]
    hours_of_calls_for_the_job: list[float]


def story() -> Story:
    """Run the scenario."""
    world = World(scenario())
    result = run_world(world)
    times = [at for at, _ in world.monitor.reworks.calls]
    days = [day_of(datetime.fromtimestamp(at, UTC)) for at in times]
    return Story(
        result.violations,
        [job["status"] for job in documents(world).values()],
        result.replaced,
        Counter(days),
        {day: _spent_before(world, day, at) for day, at in zip(days, times, strict=True)},
        [(at - world.scenario.start.timestamp()) / 3_600 for at in times],
    )


def _spent_before(world: World, day: str, at: float) -> float:
    """Return the share of the budget that calls of a day before a time have cost."""
    calls = [one for one in world.monitor.grok if one.at_us < at * 1_000_000]
    of_day = [one for one in calls if day_of(datetime.fromtimestamp(one.at_us / 1e6, UTC)) == day]
    return sum(one.billed_ticks for one in of_day) / (float(BUDGET_USD) * 10**10)
