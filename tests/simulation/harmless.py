"""Mutants that the simulation cannot detect, and why they do not affect what it checks."""

from __future__ import annotations

from tests.simulation.mutation import Mutant

REASONS: dict[str, str] = {}
"""Part of a mutant's text, and the reason."""


def reason_of(mutant: Mutant) -> str:
    """Return why a mutant does not matter; empty if there is no reason."""
    named = f"{mutant.name} {mutant.source}"
    return next((why for part, why in REASONS.items() if part in named), "")
