"""Mutants that replace some text of a module."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ByHand:
    """One mutant. Each text of ``edits`` occurs once in the module, and is replaced."""

    kind: str
    name: str
    module: str
    edits: tuple[tuple[str, str], ...]


def made(kind: str, name: str, module: str, *edits: tuple[str, str]) -> ByHand:
    """Return a mutant."""
    return ByHand(kind, name, module, edits)
