"""The events of a run, line by line: the time, the task, the call, the fault, and the change.

Lines are stored as parts and formatted only when they are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

SHOWN_CHARS = 60


class Trace:
    """The lines of one run."""

    def __init__(self, start_us: int) -> None:
        self.start_us = start_us
        self.parts: list[tuple[int, str, str, tuple[Any, ...]]] = []

    def add(self, at_us: int, who: str, what: str, *more: Any) -> None:
        self.parts.append((at_us, who, what, more))

    def lines(self) -> Iterator[str]:
        for at_us, who, what, more in self.parts:
            seconds = (at_us - self.start_us) / 1_000_000
            yield f"{seconds:13.6f}  {who:<34} {what} {' '.join(map(_shown, more))}".rstrip()

    def digest(self) -> str:
        """Return a digest that is equal for runs whose traces are equal, byte for byte."""
        return sha256("\n".join(self.lines()).encode()).hexdigest()


class Change:
    """An item before and after a write, shown as their difference."""

    def __init__(
        self, table: str, key: tuple[Any, ...], before: Any, after: Mapping[str, Any] | None
    ) -> None:
        self.table, self.key, self.before, self.after = table, key, before, after

    def __str__(self) -> str:
        name = f"{self.table}[{'/'.join(map(str, self.key))}]"
        if self.after is None:
            return f"{name} -> gone" if self.before is not None else f"{name} -> still none"
        before = self.before or {}
        changed = {
            attribute: f"{_value(before.get(attribute))} -> {_value(self.after.get(attribute))}"
            for attribute in sorted({**before, **self.after})
            if before.get(attribute) != self.after.get(attribute)
        }
        new = "new " if self.before is None else ""
        return f"{new}{name} {changed}"


def _value(value: Any) -> str:
    if value is None:
        return "none"
    [content] = value.values()
    return str(content)[:SHOWN_CHARS]


def _shown(value: Any) -> str:
    if isinstance(value, str | Change):
        return str(value)
    if isinstance(value, list):
        return "; ".join(map(_shown, value))
    return json.dumps(value, sort_keys=True, default=str)[:300]
