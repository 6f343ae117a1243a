"""The options of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.evaluate.golden import GOLDEN_DATA, GOLDEN_PROFILE

REPORT = Path(".local") / "evaluation.json"


@dataclass(frozen=True, slots=True)
class Options:
    """The options of an evaluation."""

    data: Path
    profile: Path | None
    model: str | None
    repeats: int
    concurrency: int
    compare: tuple[Path, ...]
    out: Path
    yes: bool
    write_baseline: bool


def read_options(arguments: Sequence[str]) -> Options:
    """Return the options; exit with an error and status 2 if they are not valid.

    The project's own conversations have a profile of their own.
    """
    parsed = vars(_parser().parse_args(arguments))
    if parsed["data"] == GOLDEN_DATA and parsed["profile"] is None:
        parsed["profile"] = GOLDEN_PROFILE
    return Options(**{**parsed, "compare": tuple(parsed["compare"])})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make evaluate", description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=GOLDEN_DATA, metavar="DATA")
    parser.add_argument("--profile", type=Path, metavar="JSON", help="the profile to evaluate")
    parser.add_argument("--model", metavar="NAME", help="a model of Grok, with GROK_MODE=real")
    parser.add_argument("--repeats", type=_count, default=1, metavar="N")
    parser.add_argument("--concurrency", type=_count, default=8, metavar="N")
    parser.add_argument("--compare", type=Path, nargs=2, default=(), metavar=("A", "B"))
    parser.add_argument("--out", type=Path, default=REPORT, metavar="JSON")
    parser.add_argument("--yes", action="store_true", help="spend money without a question")
    parser.add_argument("--write-baseline", action="store_true")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
