"""Writes ``docs/mutants.md``: every mutant, with the seeds until it was detected, or the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from tests.simulation.mutant_results import MutantResult
from tests.simulation.mutation import CONDITION, HAND, ROOT

FILE = ROOT / "docs" / "mutants.md"

KINDS = {
    "ack": "An acknowledgement before its write",
    "lost": "A lost response ignored",
    "order": "A pair of writes in another order, by hand",
    "swap": "A pair of writes swapped, by rule",
    "reservation": "The reservation skipped or changed",
    "pace": "The pace doubled",
    "generation": "Generations compared differently",
    "fault": "The mend of a fault that was found before, taken out",
    "profile": "Profiles confused",
    "job": "A promise about jobs broken",
    "remap": "A promise about remaps broken",
    CONDITION: "A condition expression dropped",
    "drop": "An effect dropped",
    "turn": "A comparison inverted",
    "loose": "A step not contained",
}

INTRODUCTION = """\
# Mutants

Written by `make simulate-mutants`; do not edit. Each row is one change of the code. "Seeds" is the
number of simulated runs until a check failed. For a change that was not detected, the number of
runs is in brackets, and the last column has the reason why the change does not affect a promise,
from `tests/simulation/harmless.py`, or "open". The results are of {first} to {last}.
"""


def write_table(results: Sequence[MutantResult]) -> None:
    """Write the table of these results."""
    FILE.write_text("\n".join(_lines(results)) + "\n", encoding="utf-8")


def _lines(results: Sequence[MutantResult]) -> Iterator[str]:
    dates = sorted(one.date for one in results if one.date)
    yield INTRODUCTION.format(first=dates[0], last=dates[-1])
    yield from _summary(results)
    in_order = sorted(results, key=lambda one: (one.module == CONDITION, one.module))
    for module, group in groupby(in_order, key=lambda one: one.module):
        title = "Conditions of any table" if module == CONDITION else f"`{module}`"
        yield from (
            "",
            f"## {title}",
            "",
            "| Change | Seeds | Not detected because |",
            "|---|--:|---|",
        )
        yield from map(_row, group)


def _summary(results: Sequence[MutantResult]) -> Iterator[str]:
    yield "| Kind | Mutants | Detected | Cannot matter | Open | Not run | Most seeds |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for kind, title in KINDS.items():
        some = [one for one in results if _kind(one) == kind]
        if some:
            yield _counts(title, some)
    yield _counts("All", results)


def _kind(result: MutantResult) -> str:
    return result.source.split(":")[0] if result.kind == HAND else result.kind


def _counts(title: str, results: Iterable[MutantResult]) -> str:
    every = list(results)
    detected = [one.seeds for one in every if one.seeds]
    explained = sum(bool(one.reason) for one in every if not one.seeds)
    not_run = sum(not one.most for one in every if not one.reason)
    open_ = len(every) - len(detected) - explained - not_run
    return (
        f"| {title} | {len(every)} | {len(detected)} | {explained} | {open_} | {not_run} |"
        f" {max(detected, default=0)} |"
    )


def _row(result: MutantResult) -> str:
    source = result.source.replace("|", "\\|")
    change = source if result.kind == HAND else f"`{source}`"
    seeds = str(result.seeds) if result.seeds else f"({result.most})"
    why = "" if result.seeds else result.reason or ("open" if result.most else "not run")
    return f"| {change} | {seeds} | {why} |"
