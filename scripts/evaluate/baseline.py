"""The stored measures of the mock, and which of them a change has made worse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from scripts.evaluate.golden import GOLDEN_FOLDER
from scripts.evaluate.measures import Measures

BASELINE: Final = GOLDEN_FOLDER / "baseline.json"
MAX_LOSS: Final = 0.02
"""The largest loss of a main measure that a change may cause."""

MAIN_SUFFIXES: Final = (".accuracy", ".macro_f1", ".micro_f1", ".verified_share", "answered.share")

ADVICE: Final = (
    'Run `make evaluate` to see where, and `make evaluate COMPARE="before.json after.json"` with'
    " the reports of both versions. If the loss is intended, `make evaluate-baseline` stores the"
    " new measures; commit the file and say why."
)


def main_measures(found: Mapping[str, float]) -> Measures:
    """Return the measures that a change must keep, rounded to four decimals."""
    return {name: round(value, 4) for name, value in found.items() if name.endswith(MAIN_SUFFIXES)}


def losses(baseline: Mapping[str, float], found: Mapping[str, float]) -> list[str]:
    """Return a phrase for each main measure that is missing or lost more than ``MAX_LOSS``."""
    return [
        _phrase(name, before, found.get(name))
        for name, before in baseline.items()
        if name not in found or before - found[name] > MAX_LOSS
    ]


def read_baseline(path: Path = BASELINE) -> Measures:
    """Return the stored measures."""
    return dict(json.loads(path.read_text("utf-8")))


def write_baseline(found: Mapping[str, float], path: Path = BASELINE) -> None:
    """Store the main measures of a run."""
    path.write_text(json.dumps(main_measures(found), indent=2) + "\n", "utf-8")


def complaint(lost: list[str]) -> str:
    """Return what is wrong and what to do, for the failing test."""
    return f"The mock lost quality on the labelled set: {'; '.join(lost)}. {ADVICE}"


def _phrase(name: str, before: float, now: float | None) -> str:
    return f"{name} was {before:.3f} and is {'missing' if now is None else f'{now:.3f}'}"
