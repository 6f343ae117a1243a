"""``make simulate``: many seeds (``SEEDS=1000 FROM=0``), or one with its trace (``SEED=123``)."""

from __future__ import annotations

import os
import sys
import time

from tests.simulation.process import prepare

if __name__ == "__main__":
    prepare()

from rich.console import Console
from rich.progress import Progress

from tests.simulation.many import Summary, outcomes, run_seed
from tests.simulation.run import Result
from tests.simulation.shrink import shrink


def main() -> int:
    """Run what the environment asks for; return 1 if an invariant does not hold."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    if os.environ.get("SEED"):
        return replay(int(os.environ["SEED"]), console)
    return simulate(int(os.environ.get("SEEDS") or 200), int(os.environ.get("FROM") or 0), console)


def replay(seed: int, console: Console) -> int:
    """Run one seed and print its trace; on failure, also the smallest run that fails alike."""
    result = run_seed(seed)
    _print(result)
    if not result.violations:
        return 0
    console.rule(f"the smallest run of seed {seed} that fails alike")
    smallest = shrink(result)
    _print_scenario(smallest)
    _print(smallest)
    return 1


def _print_scenario(result: Result) -> None:
    scenario = result.scenario
    for operation in scenario.operations:
        print(f"operation  {operation}")
    for burst in scenario.bursts:
        print(f"burst      {burst}")
    for fault in result.happened:
        print(f"fault      {fault}")


def _print(result: Result) -> None:
    for line in result.trace.lines():
        print(line)
    print(f"{result.calls} calls, digest {result.trace.digest()[:16]}")
    for violation in result.violations:
        print(f"violated: {violation}")


def simulate(seeds: int, first: int, console: Console) -> int:
    """Run many seeds, and print the coverage and the failures."""
    summary, begun = Summary(), time.monotonic()
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("seeds", total=seeds)
        for one in outcomes(range(first, first + seeds)):
            summary.add(one)
            rate = summary.seeds / (time.monotonic() - begun)
            text = f"seeds, {rate:.1f} a second, {len(summary.failed)} failed"
            progress.update(bar, advance=1, description=text)
            for violation in one.violations:
                progress.console.print(f"seed {one.seed}: {violation}", markup=False)
    seconds = time.monotonic() - begun
    console.print(summary.table())
    console.print(
        f"{summary.seeds} seeds in {seconds:.0f} s: {summary.seeds / seconds:.1f} a second,"
        f" {summary.per_minute(summary.seeds):.0f} a minute of one core,"
        f" {summary.calls / max(1, summary.seeds):.0f} calls each;"
        f" without the {summary.small} small ones,"
        f" {summary.per_minute(summary.seeds - summary.small):.0f} a minute;"
        f" all was answered within {summary.longest:.0f} virtual seconds"
    )
    if summary.expected:
        console.print(f"known not to hold yet: {dict(summary.expected)}", markup=False)
    failed = [one.seed for one in summary.failed]
    console.print(f"failed: {failed or 'none'}; make simulate SEED=… replays one", markup=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
