"""``python -m benchmarks [NAME ...]``: run all measurements, or the groups with these names."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure
from benchmarks.lambda_env import CHECKOUT
from benchmarks.one_group import Group, of_text

GROUPS: Final = (
    "cold_start",
    "warm",
    "aws_clients",
    "grok_client",
    "grok_batch",
    "aws_requests",
    "reads",
    "package",
)
MARKDOWN: Final = CHECKOUT / ".local" / "bench.md"
"""The table once more, as ``docs/performance.md`` has it."""


def main(wanted: list[str]) -> int:
    """Measure and print; return 1 if a limit is exceeded, 2 if there is no such group."""
    unknown = set(wanted) - set(GROUPS)
    if unknown:
        print(f"no such group: {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
        return 2
    MARKDOWN.parent.mkdir(exist_ok=True)
    groups: list[Group] = []
    for name in wanted or GROUPS:
        groups.append(measured(name))
        MARKDOWN.write_text(markdown(groups), "utf-8")
    Console(width=None if sys.stdout.isatty() else 150).print(table(groups))
    broken = [figure.name for group in groups for figure in group.figures if not figure.is_kept]
    for name in broken:
        print(f"limit not kept: {name}")
    return 1 if broken else 0


def measured(name: str) -> Group:
    """Measure a group in its own process, so that groups do not affect each other."""
    print(f"measuring {name} …", file=sys.stderr, flush=True)
    answer = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "benchmarks.one_group", name],
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONPATH": f"{CHECKOUT / 'layers/shared'}:{CHECKOUT}"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return of_text(answer.stdout.splitlines()[-1])


def table(groups: list[Group]) -> Table:
    """Return a table of all figures, group by group."""
    shown = Table("measured", "value", "made of", "limit", "kept")
    for group in groups:
        shown.add_section()
        shown.add_row(f"[bold]{group.title}[/bold]")
        for figure in group.figures:
            shown.add_row(*_cells(figure))
    return shown


def markdown(groups: list[Group]) -> str:
    """Return all figures as Markdown, with one table for each group."""
    lines = []
    for group in groups:
        lines += [f"## {group.title}", "", "| measured | value | made of | limit | kept |"]
        lines += ["|---|---|---|---|---|"]
        lines += [f"| {' | '.join(figure.cells())} |" for figure in group.figures]
        lines.append("")
    return "\n".join(lines)


def _cells(figure: Figure) -> tuple[str, ...]:
    style = "" if figure.is_kept else "[red]"
    return tuple(f"{style}{cell}" for cell in figure.cells())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
