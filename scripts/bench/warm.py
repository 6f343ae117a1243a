"""CPU of a warm request of each route, through our door and through those of two twins."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

from scripts.bench.contest import ratio
from scripts.bench.emulated import emulated_aws, fill, new_api_key
from scripts.bench.figure import Figure
from scripts.bench.lean import DOORS

TITLE = "CPU of a warm request"
TWINS = {"FastAPI + Mangum": 0.5, "Powertools": None}


def figures() -> Iterator[Figure]:
    """Of each route: milliseconds, of which AWS, and what ours is of the twins'."""
    for name, found in measured().items():
        yield from route_figures(name, found)


def measured() -> dict[str, Any]:
    """What every round took, by route and contestant."""
    with emulated_aws() as (parts, environment):
        one = fill(parts)
        key_id, key = new_api_key()
        known = {"API_KEY_ID": key_id, "BENCH_API_KEY": key, "BENCH_INSIGHT": one}
        found: dict[str, Any] = DOORS.ask("scripts.bench.door_contest", environment | known)
    return found


def route_figures(name: str, found: dict[str, Any]) -> Iterator[Figure]:
    """The rows of one route."""
    whole, aws = found["whole"], found["aws"]
    asks_aws = any(aws["ours"])
    share = statistics.median(aws["ours"]) / statistics.median(whole["ours"])
    for twin, limit in TWINS.items():
        note = _of(whole["ours"], whole[twin])
        if asks_aws:
            least = ratio(aws["ours"], whole[twin])
            note += f", {share:.0%} of ours AWS clients: {least:.2f} with no door at all"
        yield Figure(f"{name} / {twin}", ratio(whole["ours"], whole[twin]), "", limit, note)
        if asks_aws:
            ours, theirs = _own(found, "ours"), _own(found, twin)
            yield Figure(
                f"{name} / {twin}, without AWS clients",
                ratio(ours, theirs),
                note=_of(ours, theirs),
            )


def _of(ours: list[float], theirs: list[float]) -> str:
    return f"{statistics.median(ours):.2f} of {statistics.median(theirs):.2f} ms"


def _own(found: dict[str, Any], who: str) -> list[float]:
    """What is left of each round without AWS clients."""
    return [
        max(whole - aws, 1e-6)
        for whole, aws in zip(found["whole"][who], found["aws"][who], strict=True)
    ]
