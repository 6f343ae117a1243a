"""``make simulate-mutants``: change the code in many ways, and show which changes are detected.

Each mutant runs in its own process, seed after seed, until an invariant fails, for at most
``SEEDS`` seeds (2,000 by default). ``ONLY`` is a word that the mutant's name or text must contain.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context

from tests.simulation.process import prepare

if __name__ == "__main__":
    prepare()

# Modules that a mutant's process needs and no mutant changes are loaded once, here.
import aws_lambda_powertools.event_handler
import aws_lambda_powertools.utilities.circuit_breaker.persistence
import botocore.session
import httpx
import time_machine
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.simulation.harmless import reason_of
from tests.simulation.mutation import (
    MODULES,
    Mutant,
    Mutating,
    mutants_by_hand,
    mutants_of,
    path_of,
)

CONDITION = "condition"
SEEDS_FOR_CONDITIONS = 20
MAX_PROCESSES, NICENESS = 2, 15
LOADED = (aws_lambda_powertools, botocore, httpx, time_machine)
TURNED = ("admission", "retry_policy", "pauses", "worklist", "erasure")
"""Modules whose comparisons are also inverted; in others the first test would detect that."""


@dataclass(frozen=True)
class MutantResult:
    """The outcome of a mutant: the number of seeds until it was detected, 0 if it was not."""

    mutant: Mutant
    seeds: int
    by: str


def code_mutants() -> Iterator[Mutant]:
    """Return all changes of the code."""
    for module in MODULES:
        if path_of(module).exists():
            for one in mutants_of(module):
                if one.kind != "turn" or module.rsplit(".", 1)[-1] in TURNED:
                    yield one
    yield from mutants_by_hand()


def condition_mutants(seeds: int = SEEDS_FOR_CONDITIONS) -> list[Mutant]:
    """Return a mutant for each condition that some runs evaluate: the condition always holds."""
    from tests.simulation.many import run_seed

    found: set[str] = set()
    for seed in range(seeds):
        found |= run_seed(seed).conditions.keys()
    texts = sorted(found)
    return [Mutant(CONDITION, CONDITION, at, 0, text) for at, text in enumerate(texts)]


def judge(job: tuple[Mutant, int]) -> MutantResult:
    """Run one mutant, in a separate process that has not loaded the package yet."""
    mutant, seeds = job
    _unload()
    ignored: frozenset[str] = frozenset()
    if mutant.kind == CONDITION:
        ignored = frozenset([mutant.source])
    else:
        Mutating(mutant.name).install()
    try:
        from tests.simulation.expected import EXPECTED
        from tests.simulation.run import run
        from tests.simulation.scenario import of_seed

        for seed in range(seeds):
            scenario = of_seed(seed)
            scenario.expected = frozenset(EXPECTED)
            result = run(scenario, ignored)
            if result.violations:
                return MutantResult(mutant, seed + 1, result.violations[0])
    except Exception as error:  # noqa: BLE001 - a mutant may raise anything
        return MutantResult(mutant, 1, f"raises {type(error).__name__}: {error}")
    return MutantResult(mutant, 0, "")


def _unload() -> None:
    """Unload the package, and what imports it, from this process."""
    for name in list(sys.modules):
        is_ours = name.split(".")[0] in {"grok_insights", "functions", "scripts", "tests"}
        if is_ours and name != Mutant.__module__:
            del sys.modules[name]


def main() -> int:
    """Run all mutants; return 1 if one is not detected and has no reason why it does not matter."""
    seeds = int(os.environ.get("SEEDS") or 2_000)
    only = os.environ.get("ONLY") or ""
    console = Console(width=None if sys.stdout.isatty() else 200)
    results: list[MutantResult] = []
    fork = get_context("fork")
    with (
        Progress(console=console, transient=True) as progress,
        fork.Pool(MAX_PROCESSES, os.nice, (NICENESS,), maxtasksperchild=1) as pool,
    ):
        bar = progress.add_task("mutants", total=None)
        for found in (list(code_mutants()), pool.apply_async(condition_mutants)):
            mutants = found if isinstance(found, list) else found.get()
            chosen = [one for one in mutants if only in f"{one.name} {one.source}"]
            for result in pool.imap(judge, [(one, seeds) for one in chosen]):
                results.append(result)
                progress.update(bar, advance=1)
                progress.console.print(_line(result), markup=False, soft_wrap=True)
    return _report(console, results, seeds)


def _line(result: MutantResult) -> str:
    how = f"after {result.seeds}" if result.seeds else "NOT CAUGHT"
    return f"{how:<12} {result.mutant.name}  {result.mutant.source}  | {result.by}"


def _report(console: Console, results: list[MutantResult], seeds: int) -> int:
    """Print which mutants were detected when, and which were not."""
    table = Table("mutants", "caught", "within 1 seed", "within 10", "within 100", "most seeds")
    caught = [one.seeds for one in results if one.seeds]
    within = [str(sum(one <= limit for one in caught)) for limit in (1, 10, 100)]
    table.add_row(str(len(results)), str(len(caught)), *within, str(max(caught, default=0)))
    console.print(table)
    unexplained = 0
    for one in (one for one in results if not one.seeds):
        reason = reason_of(one.mutant)
        unexplained += not reason
        text = f"not caught within {seeds} seeds: {one.mutant.name} ({one.mutant.source}): "
        console.print(text + (reason or "NO REASON GIVEN"), markup=False, soft_wrap=True)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
