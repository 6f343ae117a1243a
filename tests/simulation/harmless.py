"""Mutants that the simulation cannot catch, and why they cannot matter to what it checks."""

from __future__ import annotations

from tests.simulation.mutation import Mutant

REASONS: dict[str, str] = {}
"""Part of a mutant's text, and the reason."""


def reason_of(mutant: Mutant) -> str:
    """Why a mutant cannot matter; empty where nobody says."""
    named = f"{mutant.name} {mutant.source}"
    return next((why for part, why in REASONS.items() if part in named), "")
