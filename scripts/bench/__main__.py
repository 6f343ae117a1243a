"""``python -m scripts.bench [NAME ...]``: all measurements, or some by their module's name."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module

from rich.console import Console
from rich.table import Table

import scripts.bench
from scripts.bench.figure import Figure


def main(wanted: list[str]) -> int:
    """Measure and print; 1 where a limit is not kept."""
    names = {found.name for found in pkgutil.iter_modules(scripts.bench.__path__)} - {"__main__"}
    figures: list[Figure] = []
    for name in sorted(wanted or names):
        measured = getattr(import_module(f"scripts.bench.{name}"), "figures", None)
        figures += measured() if measured else []
    _show(figures)
    return 0 if all(figure.is_kept for figure in figures) else 1


def _show(figures: list[Figure]) -> None:
    table = Table("measured", "value", "limit", "kept")
    for figure in figures:
        limit = "" if figure.limit is None else f"{figure.limit:g} {figure.unit}"
        kept = "" if figure.limit is None else "yes" if figure.is_kept else "NO"
        table.add_row(figure.name, f"{figure.value:.3g} {figure.unit}", limit, kept)
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
