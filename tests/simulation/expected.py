"""Invariants that are known not to hold yet, each with its reason.

A run records their violations and continues. An entry is removed when its fault is fixed. A
violation of another kind fails the run.
"""

from __future__ import annotations

EXPECTED: dict[str, str] = {}
