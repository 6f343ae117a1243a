"""The mutants: they still fit the code, and the reasons why some do not matter fit the mutants."""

from __future__ import annotations

import pytest

from tests.simulation.by_hand import BY_HAND
from tests.simulation.edits import ByHand
from tests.simulation.harmless import REASONS, fits
from tests.simulation.mutants import code_mutants
from tests.simulation.mutation import CONDITION, HAND, mutants_by_hand, mutated


@pytest.mark.parametrize("mutant", BY_HAND, ids=[one.name for one in BY_HAND])
def test_every_mutant_made_by_hand_fits_the_code(mutant: ByHand) -> None:
    assert mutated(mutant.module, HAND, BY_HAND.index(mutant))


def test_every_reason_belongs_to_a_mutant() -> None:
    mutants = [*code_mutants(), *mutants_by_hand()]
    rules = [one for one in REASONS if one[0] != CONDITION]
    stale = [
        one
        for one in rules
        if not any(fits(mutant.module, mutant.source, one) for mutant in mutants)
    ]
    assert stale == []


def test_there_are_many_mutants_of_each_kind() -> None:
    mutants = list(code_mutants())
    assert len(mutants) + len(BY_HAND) >= 150
    assert {one.kind for one in mutants} == {"drop", "swap", "turn", "loose"}
