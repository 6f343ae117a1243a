"""A few hundred seeds, in separate processes; ``make simulate`` runs any number."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.regressions import REGRESSIONS

ROOT = Path(__file__).parents[2]
SEEDS = os.environ.get("SIMULATE_SEEDS", "200")


def simulate(
    module: str = "tests.simulation", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Return the command's output.

    It runs in its own process, because it sets the clock and the order of sets.
    """
    path = os.pathsep.join([str(ROOT / "layers" / "shared"), str(ROOT)])
    environ = {**os.environ, "PYTHONPATH": path, **variables}
    return subprocess.run(
        [sys.executable, "-m", module],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_every_invariant_holds_whatever_the_schedule_and_the_faults() -> None:
    done = simulate(SEEDS=SEEDS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("seed", ["7", "36"], ids=["no jobs", "jobs"])
def test_two_runs_of_one_seed_have_the_same_trace_byte_for_byte(seed: str) -> None:
    first, second = (simulate(SEED=seed) for _ in range(2))
    assert first.stdout == second.stdout
    assert len(first.stdout.splitlines()) > 300


@pytest.mark.parametrize("seed", sorted(REGRESSIONS))
def test_a_fault_that_was_found_once_stays_fixed(seed: int) -> None:
    done = simulate(SEED=str(seed))
    assert done.returncode == 0, f"{REGRESSIONS[seed]}\n{done.stdout[-3000:]}{done.stderr}"
