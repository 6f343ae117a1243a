"""Measure one group in this process, and print its figures as JSON in the last line."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from importlib import import_module

from benchmarks.figure import Figure


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one group, and its title."""

    title: str
    figures: list[Figure]


def to_text(group: Group) -> str:
    """Return the group as a line of JSON."""
    return json.dumps(asdict(group))


def of_text(text: str) -> Group:
    """Return the group from a line that `to_text` made."""
    found = json.loads(text)
    return Group(found["title"], [Figure(**figure) for figure in found["figures"]])


def main(name: str) -> None:
    """Measure a group."""
    module = import_module(f"benchmarks.{name}")
    print(to_text(Group(module.TITLE, list(module.figures()))))


if __name__ == "__main__":
    main(sys.argv[1])
