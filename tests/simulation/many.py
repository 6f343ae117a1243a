"""Many seeds in several processes, and their outcomes in one table."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from rich.table import Table

from tests.simulation.expected import EXPECTED
from tests.simulation.run import Result, run
from tests.simulation.scenario import of_seed

SEEDS_OF_A_TASK = 8


@dataclass(frozen=True)
class Outcome:
    """The part of a run that is kept."""

    seed: int
    violations: tuple[str, ...]
    calls: int
    environments: int
    conversations: int
    drained_after: float
    seconds: float
    coverage: Counter[tuple[str, str]]
    made: Counter[str]
    expected: Counter[str]
    digest: str = ""


def run_seed(seed: int) -> Result:
    """Return the run of a seed, with the currently expected violations."""
    scenario = of_seed(seed)
    scenario.expected = frozenset(EXPECTED)
    return run(scenario)


def outcome(seed: int) -> Outcome:
    """Return the outcome of one seed's run, without its trace. ``seconds`` are of one core."""
    begun = time.process_time()
    result = run_seed(seed)
    return Outcome(
        seed,
        tuple(result.violations),
        result.calls,
        result.environments,
        result.conversations,
        result.drained_after,
        time.process_time() - begun,
        result.coverage,
        result.made,
        result.expected,
    )


def _outcomes(seeds: list[int]) -> list[Outcome]:
    return [outcome(seed) for seed in seeds]


def outcomes(seeds: Iterable[int], processes: int = 0) -> Iterator[Outcome]:
    """Yield the outcomes of seeds as they end."""
    wanted = list(seeds)
    tasks = [wanted[at : at + SEEDS_OF_A_TASK] for at in range(0, len(wanted), SEEDS_OF_A_TASK)]
    count = min(processes or os.cpu_count() or 1, len(tasks))
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        for some in pool.map(_outcomes, tasks):
            yield from some


@dataclass
class Summary:
    """All outcomes together."""

    seeds: int = 0
    calls: int = 0
    cpu_seconds: float = 0.0
    small: int = 0
    """Seeds with fewer than 20 conversations, 3 environments of the analysis, or 300 calls."""
    longest: float = 0.0
    failed: list[Outcome] = field(default_factory=list)
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)

    def add(self, one: Outcome) -> None:
        self.seeds += 1
        self.calls += one.calls
        self.cpu_seconds += one.seconds
        self.small += one.conversations < 20 or one.environments < 3 or one.calls < 300
        self.longest = max(self.longest, one.drained_after)
        self.coverage += one.coverage
        self.made += one.made
        self.expected += one.expected
        if one.violations:
            self.failed.append(one)

    def per_minute(self, seeds: int) -> float:
        """Return how many seeds of a number one core runs in a minute, if all took their time."""
        return 60 * seeds / max(0.001, self.cpu_seconds)

    def table(self) -> Table:
        """Return a table of how often each fault happened in each call."""
        kinds = sorted({kind for kind, _ in self.coverage})
        calls = sorted(self.made)
        if len(kinds) > len(calls):
            table = Table("fault", *calls, title="Faults by kind and call")
            for kind in kinds:
                table.add_row(kind, *(str(self.coverage[kind, call] or "") for call in calls))
            table.add_row("all calls", *(str(self.made[call]) for call in calls))
            return table
        table = Table("call", *kinds, "all calls", title="Faults by kind and call")
        for call in calls:
            counts = (str(self.coverage[kind, call] or "") for kind in kinds)
            table.add_row(call, *counts, str(self.made[call]))
        return table
