"""CPU of a warm request of each route, through our handler and through those of two baselines."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.comparison import ratio
from benchmarks.emulated import emulated_aws, fill, new_api_key
from benchmarks.figure import Figure
from benchmarks.lambda_env import DOORS

TITLE = "CPU of a warm request"
TWINS = {"FastAPI + Mangum": 0.5, "Powertools": None}

MOSTLY_USE_CASE = {"POST bulk of 50", "GET trends"}
"""Routes whose own part is for the most part the use case, which the baselines have as well."""


def figures() -> Iterator[Figure]:
    """Of each route: milliseconds, of which AWS, and what ours is of the baselines'."""
    found = measured()
    door_ms = min(statistics.median(_own(route, "ours")) for route in found.values())
    for name, route in found.items():
        yield from route_figures(name, route, door_ms)


def measured() -> dict[str, Any]:
    """What every round took, by route and contestant."""
    with emulated_aws() as (parts, environment):
        one = fill(parts)
        key_id, key = new_api_key()
        known = {"API_KEY_ID": key_id, "BENCH_API_KEY": key, "BENCH_INSIGHT": one}
        found: dict[str, Any] = DOORS.ask("benchmarks.handler_comparison", environment | known)
    return found


def route_figures(name: str, found: dict[str, Any], door_ms: float) -> Iterator[Figure]:
    """The rows of one route: whole, and, where it asks AWS, without the clients for that.

    The whole can be no less than our AWS clients and the least that any request takes at the door.
    """
    whole, aws = found["whole"], found["aws"]
    asks_aws = any(aws["ours"])
    for baseline, limit in TWINS.items():
        least = ratio([one + door_ms for one in aws["ours"]], whole[baseline]) if asks_aws else None
        yield _row(f"{name} / {baseline}", whole["ours"], whole[baseline], limit, least)
        if asks_aws:
            own_limit = None if name in MOSTLY_USE_CASE else limit
            ours, theirs = _own(found, "ours"), _own(found, baseline)
            yield _row(f"{name} / {baseline}, without AWS clients", ours, theirs, own_limit)


def _row(
    name: str,
    ours: list[float],
    theirs: list[float],
    limit: float | None,
    bound: float | None = None,
) -> Figure:
    note = f"{statistics.median(ours):.2f} of {statistics.median(theirs):.2f} ms"
    if bound is not None:
        note += f"; at least {bound:.2f}"
    return Figure(name, ratio(ours, theirs), "", limit, note, bound)


def _own(found: dict[str, Any], who: str) -> list[float]:
    """What is left of each round without AWS clients."""
    return [
        max(whole - aws, 1e-6)
        for whole, aws in zip(found["whole"][who], found["aws"][who], strict=True)
    ]
