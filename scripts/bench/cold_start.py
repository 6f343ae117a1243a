"""Cold start: a function imported, with its clients and its handler, against two bare clients.

All that Lambda's INIT does, in fresh processes of an environment like Lambda's; and, on its own,
the same with a first request after it, so that nothing can hide there.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from functools import partial

from scripts.bench.contest import Rounds, interleaved, ratio
from scripts.bench.emulated import emulated_aws, fill
from scripts.bench.figure import Figure
from scripts.bench.lean import DOORS

TITLE = "Cold start, CPU"
ROUNDS = 11
BARE = "import boto3, two clients"
CLIENTS = "import boto3\nboto3.client('dynamodb'); boto3.client('sqs')"
LIMITS = {"ingest": 1.10, "query": 1.10, "analysis": 1.50}
TWINS = {
    "FastAPI + Mangum": "scripts.bench.twins.fastapi_{}",
    "Powertools": "scripts.bench.twins.powertools_{}",
}
REQUEST = """
from scripts.bench.first_request import send
send(handler, {function!r})
"""


def figures() -> Iterator[Figure]:
    """Of each function: what it takes of bare clients and of its twins."""
    with emulated_aws() as (parts, environment):
        insight = fill(parts)
        settings = environment | {"BENCH_INSIGHT": insight}
        rounds = interleaved(
            {
                name: partial(DOORS.seconds, text, settings)
                for name, text in {**programs(), **programs(REQUEST)}.items()
            },
            ROUNDS,
        )
    bare = statistics.median(rounds[BARE]) * 1000
    yield Figure(BARE, bare, "ms")
    for function, limit in LIMITS.items():
        yield _row(rounds, function, BARE, limit)
        for twin in () if function == "analysis" else TWINS:
            yield _row(rounds, function, f"{function} by {twin}")
    for function in LIMITS:
        first = f"{function}, and a first request"
        yield _row(rounds, first, BARE)
        for twin in () if function == "analysis" else TWINS:
            yield _row(rounds, first, f"{function} by {twin}, and a first request")


def _row(rounds: Rounds, ours: str, theirs: str, limit: float | None = None) -> Figure:
    medians = [statistics.median(rounds[name]) * 1000 for name in (ours, theirs)]
    return Figure(
        f"{ours} / {theirs.removesuffix(', and a first request')}",
        ratio(rounds[ours], rounds[theirs]),
        limit=limit,
        note="{:.0f} of {:.0f} ms".format(*medians),
    )


def programs(request: str = "") -> Mapping[str, str]:
    """What is compared, by name: each a program of its own, with or without a first request."""
    found = {} if request else {BARE: CLIENTS}
    suffix = ", and a first request" if request else ""
    for function in LIMITS:
        # Found in a folder of its own, as in Lambda.
        path = f"import sys; sys.path.insert(0, 'functions/{function}')"
        more = request.format(function=function)
        found[f"{function}{suffix}"] = f"{path}\nfrom app import handler{more}"
        if function != "analysis":
            for twin, module in TWINS.items():
                name = f"{function} by {twin}{suffix}"
                found[name] = f"from {module.format(function)} import handler{more}"
    return found
