"""CPU of a warm request of each route, with our handlers and those of two baselines."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.comparison import ratio
from benchmarks.emulated import emulated_aws, fill, new_api_key
from benchmarks.figure import Figure
from benchmarks.lambda_env import HANDLERS_ENV

TITLE = "CPU of a warm request"
BASELINES = {"FastAPI + Mangum": 0.5, "Powertools": None}

MOSTLY_USE_CASE = {"POST bulk of 50", "GET insights, 20", "GET metrics", "GET trends"}
"""Routes whose own time is mostly the use case, which the baselines have as well."""


def figures() -> Iterator[Figure]:
    """Return each route's milliseconds, the share of AWS, and the ratio to the baselines."""
    found = measured()
    handler_ms = min(statistics.median(_own(route, "ours")) for route in found.values())
    for name, route in found.items():
        yield from route_figures(name, route, handler_ms)


def measured() -> dict[str, Any]:
    """Return the measurements of every round, by route and implementation."""
    with emulated_aws() as (parts, environment):
        one = fill(parts)
        key_id, key = new_api_key()
        known = {"API_KEY_ID": key_id, "BENCH_API_KEY": key, "BENCH_INSIGHT": one}
        found: dict[str, Any] = HANDLERS_ENV.run_module(
            "benchmarks.handler_comparison", environment | known
        )
    return found


def route_figures(name: str, found: dict[str, Any], handler_ms: float) -> Iterator[Figure]:
    """Return the rows of one route: the total, and the part without AWS clients, which has a limit.

    The total cannot be less than our AWS clients and the smallest time that any request spends in
    the handler. Its row says how much that is, and has a limit only if AWS is not called.
    """
    whole, aws = found["whole"], found["aws"]
    calls_aws = any(aws["ours"])
    for baseline, limit in BASELINES.items():
        if not calls_aws:
            yield _row(f"{name} / {baseline}", whole["ours"], whole[baseline], limit)
        else:
            least = ratio([one + handler_ms for one in aws["ours"]], whole[baseline])
            yield _row(f"{name} / {baseline}", whole["ours"], whole[baseline], None, least)
            own_limit = None if name in MOSTLY_USE_CASE else limit
            ours, theirs = _own(found, "ours"), _own(found, baseline)
            yield _row(f"{name} / {baseline}, without AWS clients", ours, theirs, own_limit)


def _row(
    name: str,
    ours: list[float],
    theirs: list[float],
    limit: float | None,
    least: float | None = None,
) -> Figure:
    note = f"{statistics.median(ours):.2f} of {statistics.median(theirs):.2f} ms"
    if least is not None:
        note += f"; at least {least:.2f}"
    return Figure(name, ratio(ours, theirs), "", limit, note)


def _own(found: dict[str, Any], who: str) -> list[float]:
    """Return each round's time without AWS clients."""
    return [
        max(whole - aws, 1e-6)
        for whole, aws in zip(found["whole"][who], found["aws"][who], strict=True)
    ]
