"""The tables of `docs/cost.md` as data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "cost.md"


@dataclass(frozen=True)
class Row:
    """A row of a table: its first cell, and the numbers in the others; None for an empty cell."""

    item: str
    numbers: tuple[Decimal | None, ...]

    @property
    def is_sum(self) -> bool:
        """Whether the row is the sum of the rows above it."""
        return self.item.startswith("**")


@cache
def tables() -> dict[str, list[Row]]:
    """Return the rows of each table with numbers, by the heading above it."""
    found: dict[str, list[Row]] = {}
    for heading, line in _lines(PAGE.read_text("utf-8")):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] not in {"Item", "---"}:
            found.setdefault(heading, []).append(Row(cells[0], tuple(map(_number, cells[1:]))))
    return found


def quantity(item: str, *, bulk: bool = False) -> float:
    """Return the quantity of an item for one conversation."""
    [row] = [row for row in tables()["A million conversations"] if row.item == item]
    found = row.numbers[int(bulk)]
    assert found is not None
    return float(found)


def rich_units(item: str) -> float:
    """Return the write units of an insight of 3 KB, from its own table."""
    [row] = [row for row in tables()["An insight of 3 KB"] if row.item == item]
    assert row.numbers[0] is not None
    return float(row.numbers[0])


def _lines(page: str) -> Iterator[tuple[str, str]]:
    heading = ""
    for line in page.splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line.startswith("|"):
            yield heading, line


def _number(cell: str) -> Decimal | None:
    digits = re.sub(r"[*≈, ]", "", cell)
    return Decimal(digits) if digits else None
