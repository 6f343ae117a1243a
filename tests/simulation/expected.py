"""Invariants that are known not to hold yet, each with its reason.

A run notes their violations and goes on. An entry goes away with the mend of its fault; a kind that
is not listed fails the run.
"""

from __future__ import annotations

EXPECTED: dict[str, str] = {}
