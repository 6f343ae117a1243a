"""Compares two versions of an insight, as the API shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

COMPARED: Final = ("status", "sentiment", "topics", "summary", "quotes", "error")
"""What is compared, besides each field and each segment."""

GROUPS: Final = {"fields": "field", "segments": "segment"}
"""The objects whose members are compared one by one, and how their names begin."""


class Change(NamedTuple):
    """One difference. ``before`` or ``after`` is None if a version does not have the value."""

    name: str
    before: Any
    after: Any


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return what differs between two versions: ``sentiment``, ``field.NAME``, ``segment.NAME``.

    The order of topics counts, since the most important one is the first.
    """
    return [change for change in _compared(before, after) if change.before != change.after]


def _compared(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in COMPARED:
        yield Change(name, before.get(name), after.get(name))
    for group, prefix in GROUPS.items():
        old, new = before.get(group, {}), after.get(group, {})
        for name in sorted({*old, *new}):
            yield Change(f"{prefix}.{name}", old.get(name), new.get(name))
