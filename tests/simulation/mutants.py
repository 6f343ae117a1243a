"""``make simulate-mutants``: change the code in many ways, and show which changes are detected.

Each mutant runs in a process of its own, seed after seed, until an invariant fails, for at most
``SEEDS`` seeds (2,000 by default). ``ONLY`` is a word that the mutant's name or text must contain.
``PROCESSES`` is the number of mutants that run at the same time.

Each result is appended to ``.local/mutants.jsonl`` at once. ``CONTINUE=1`` leaves out the mutants
that are detected there, and continues the others after the seeds that they had. At the end,
``docs/mutants.md`` is written from that file.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing import get_context
from types import FrameType

from tests.simulation.process import prepare

if __name__ == "__main__":
    prepare()

# Modules that a mutant's process needs and no mutant changes are loaded once, here.
import aws_lambda_powertools.event_handler
import aws_lambda_powertools.utilities.circuit_breaker.persistence
import botocore.session
import greenlet
import httpx
import itsdangerous
import pydantic
import time_machine
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.simulation.contract import tables
from tests.simulation.harmless import reason_of
from tests.simulation.mutant_results import MutantResult, Results
from tests.simulation.mutant_seeds import seeds_for
from tests.simulation.mutant_table import write_table
from tests.simulation.mutation import (
    CONDITION,
    HAND,
    MODULES,
    Mutant,
    Mutating,
    change_functions,
    mutants_by_hand,
    mutants_of,
    path_of,
)

SEEDS_FOR_CONDITIONS = 20
SEEDS_FOR_HARMLESS = 30
"""The seeds of a mutant with a reason why it does not matter: none may contradict it."""

LONGEST_SEED_SECONDS = 120
"""A seed that takes more processor time never ends, which counts as detected. The slowest take a
few seconds."""

PROCESSES, NICENESS = 2, 15
LOADED = (aws_lambda_powertools, botocore, greenlet, httpx, itsdangerous, pydantic, time_machine)
KEPT = tuple(
    f"tests.simulation.{name}"
    for name in ("contract", "dynamodb", "expressions", "mutant_results", "mutation", "sqs")
)
"""Modules of this package that know nothing of the product. The first one has read the template."""

TURNED = ("admission", "retry_policy", "pauses", "worklist", "erasure")
"""Modules whose comparisons are also inverted; in others the first test would detect that."""


def code_mutants() -> Iterator[Mutant]:
    """Return all changes that a rule makes of the code."""
    for module in MODULES:
        if path_of(module).exists():
            for one in mutants_of(module):
                if one.kind != "turn" or module.rsplit(".", 1)[-1] in TURNED:
                    yield one


def condition_mutants(seeds: int = SEEDS_FOR_CONDITIONS) -> list[Mutant]:
    """Return a mutant for each condition that some runs evaluate: the condition always holds."""
    from tests.simulation.many import run_seed

    found: set[str] = set()
    for seed in range(seeds):
        found |= run_seed(seed).conditions.keys()
    texts = sorted(found)
    return [Mutant(CONDITION, CONDITION, at, 0, text) for at, text in enumerate(texts)]


def judge(job: tuple[Mutant, int, int]) -> MutantResult:
    """Run one mutant with its seeds from one number of seeds to another, in a new process."""
    mutant, before, most = job
    began = time.monotonic()
    seeds, by = _detected(mutant, before, most)
    date = datetime.now(UTC).date().isoformat()
    return MutantResult(
        mutant.module, mutant.kind, mutant.source, seeds, by, most, date, time.monotonic() - began
    )


class NeverEnds(BaseException):
    """A seed does not end. No handler in the code that runs may catch this."""


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise NeverEnds


def _detected(mutant: Mutant, before: int, most: int) -> tuple[int, str]:
    """Return after how many seeds a mutant was detected and by what; 0 if it was not."""
    ignored: frozenset[str] = frozenset()
    count = before + 1
    signal.signal(signal.SIGPROF, _end)
    if mutant.kind == CONDITION:
        ignored = frozenset([mutant.source])
    elif mutant.kind == HAND or not change_functions(mutant):
        _unload()
        Mutating(mutant.name).install()
    try:
        from tests.simulation.expected import EXPECTED
        from tests.simulation.run import run
        from tests.simulation.scenario import of_seed
        from tests.simulation.troubles import trouble_of

        trouble = trouble_of(mutant)
        for count, seed in enumerate(seeds_for(mutant, before, most), before + 1):
            signal.setitimer(signal.ITIMER_PROF, LONGEST_SEED_SECONDS, 1)
            scenario = of_seed(seed)
            scenario.expected = frozenset(EXPECTED)
            if trouble is not None:
                trouble(scenario)
            result = run(scenario, ignored)
            signal.setitimer(signal.ITIMER_PROF, 0)
            if result.violations:
                return count, f"seed {seed}: {result.violations[0]}"
    except NeverEnds:
        return count, f"a seed did not end within {LONGEST_SEED_SECONDS} s of processor time"
    except Exception as error:  # noqa: BLE001 - a mutant may raise anything
        return count, f"raises {type(error).__name__}: {error}"
    return 0, ""


def _unload() -> None:
    """Unload the package, and what imports it, from this process."""
    for name in list(sys.modules):
        is_ours = name.split(".")[0] in {"grok_insights", "functions", "scripts", "tests"}
        if is_ours and name not in KEPT:
            del sys.modules[name]


def main() -> int:
    """Run all mutants; return 1 if one is not detected and has no reason why it does not matter."""
    seeds = int(os.environ.get("SEEDS") or 2_000)
    processes = int(os.environ.get("PROCESSES") or PROCESSES)
    only = os.environ.get("ONLY") or ""
    known = Results.read() if os.environ.get("CONTINUE") else Results()
    _warm()
    console = Console(width=None if sys.stdout.isatty() else 200)
    mutants: list[Mutant] = []
    fork = get_context("fork")
    with (
        Progress(console=console, transient=True) as progress,
        fork.Pool(processes, os.nice, (NICENESS,), maxtasksperchild=1) as pool,
    ):
        bar = progress.add_task("mutants", total=None)
        for made in (
            mutants_by_hand,
            code_mutants,
            lambda: known.conditions() or pool.apply(condition_mutants),
        ):
            chosen = [one for one in made() if only in f"{one.name} {one.source}"]
            chosen.sort(key=lambda one: bool(reason_of(one.module, one.source)))
            mutants += chosen
            for result in pool.imap_unordered(judge, _jobs(chosen, known, seeds)):
                known.add(result)
                progress.update(bar, advance=1)
                progress.console.print(result.line, markup=False, soft_wrap=True)
    recorded = Results.read()
    every = [*mutants_by_hand(), *code_mutants(), *recorded.conditions()]
    write_table(recorded.with_missing(every))
    return _report(console, known.of(mutants))


def _warm() -> None:
    """Load the package and run a seed, so that the process of a mutant need not do it."""
    from tests.simulation.many import run_seed

    tables()
    run_seed(0)


def _jobs(mutants: list[Mutant], known: Results, seeds: int) -> list[tuple[Mutant, int, int]]:
    """Return the mutants that still need seeds, with the first and the last number of these."""
    jobs = ((one, known.seeds_without(one), _seeds_of(one, seeds)) for one in mutants)
    return [(one, before, most) for one, before, most in jobs if before < most]


def _seeds_of(mutant: Mutant, seeds: int) -> int:
    return min(seeds, SEEDS_FOR_HARMLESS) if reason_of(mutant.module, mutant.source) else seeds


def _report(console: Console, results: list[MutantResult]) -> int:
    """Print which mutants were detected when, and which were not."""
    table = Table("mutants", "caught", "within 1 seed", "within 10", "within 100", "most seeds")
    caught = [one.seeds for one in results if one.seeds]
    within = [str(sum(one <= limit for one in caught)) for limit in (1, 10, 100)]
    table.add_row(str(len(results)), str(len(caught)), *within, str(max(caught, default=0)))
    console.print(table)
    unexplained = 0
    for one in (one for one in results if not one.seeds):
        unexplained += not one.reason
        text = f"not caught within {one.most} seeds: {one.name} ({one.source}): "
        console.print(text + (one.reason or "NO REASON GIVEN"), markup=False, soft_wrap=True)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
