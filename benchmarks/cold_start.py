"""Cold start: import a function with its clients and its handler, compared with two bare clients.

It includes all that Lambda's INIT does, in fresh processes of an environment like Lambda's. A
second figure includes a first request, so that work moved from the start to that request shows.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from functools import partial

from benchmarks.comparison import Rounds, interleaved, ratio
from benchmarks.emulated import emulated_aws, fill
from benchmarks.figure import Figure
from benchmarks.lambda_env import HANDLERS_ENV

TITLE = "Cold start, CPU"
ROUNDS = 9
BARE = "import boto3, two clients"
REAL = "analysis, real Grok"
REAL_SETTINGS = "import os; os.environ.update(GROK_MODE='real', GROK_API_KEY='xai-bench')\n"
BARE_CLIENTS = "import boto3\nboto3.client('dynamodb'); boto3.client('sqs')"
LIMITS = {"ingest": 1.15, "query": 1.15, "analysis": 1.50, REAL: 1.50}
FUNCTIONS = ("ingest", "query", "analysis")
WITH_BASELINES = ("ingest", "query")
FIRST = ", and a first request"
BASELINES = {
    "FastAPI + Mangum": "benchmarks.baselines.fastapi_{}",
    "Powertools": "benchmarks.baselines.powertools_{}",
}
TWIN_LIMITS = {"FastAPI + Mangum": 0.50, "Powertools": 0.75}
AS_SOURCE = "import benchmarks.as_source\n"
NOT_COMPILED = ", layer deployed as source"
REQUEST = """
from benchmarks.first_request import send
send(handler, {function!r})
"""


def figures() -> Iterator[Figure]:
    """Return the ratio of each function's CPU to that of bare clients and of its baselines."""
    with emulated_aws() as (parts, environment):
        settings = environment | {"BENCH_INSIGHT": fill(parts)}
        compiled = programs()
        everything = {
            BARE: BARE_CLIENTS,
            **compiled,
            **programs(REQUEST, FIRST),
            **{f"{name}{NOT_COMPILED}": AS_SOURCE + compiled[name] for name in FUNCTIONS},
        }
        rounds = interleaved(
            {
                name: partial(HANDLERS_ENV.seconds, text, settings)
                for name, text in everything.items()
            },
            ROUNDS,
        )
    yield Figure(BARE, statistics.median(rounds[BARE]) * 1000, "ms")
    for suffix in ("", FIRST):
        for function in measured_with(suffix):
            limit = None if suffix else LIMITS[function]
            yield _row(rounds, f"{function}{suffix}", BARE, limit)
            for baseline in BASELINES if function in WITH_BASELINES else ():
                limit = None if suffix else TWIN_LIMITS[baseline]
                theirs = f"{function} by {baseline}{suffix}"
                yield _row(rounds, f"{function}{suffix}", theirs, limit)
    for function in FUNCTIONS:
        yield _row(rounds, f"{function}{NOT_COMPILED}", BARE)


def _row(rounds: Rounds, ours: str, theirs: str, limit: float | None = None) -> Figure:
    medians = [statistics.median(rounds[name]) * 1000 for name in (ours, theirs)]
    return Figure(
        f"{ours} / {theirs.partition(' by ')[2].removesuffix(FIRST) or theirs}",
        ratio(rounds[ours], rounds[theirs]),
        limit=limit,
        note="{:.0f} of {:.0f} ms".format(*medians),
    )


def measured_with(suffix: str) -> list[str]:
    """Return the functions to measure.

    xAI itself is not called, so the function with real Grok has no first request.
    """
    return [name for name in LIMITS if not (suffix and name == REAL)]


def programs(request: str = "", suffix: str = "") -> Mapping[str, str]:
    """Return the programs that are compared, by name, each with or without a first request."""
    found = {}
    for name in measured_with(suffix):
        function = name.partition(",")[0]
        more = request.format(function=function)
        before = REAL_SETTINGS if name == REAL else ""
        # The module is found in its own folder, as in Lambda.
        path = f"import sys; sys.path.insert(0, 'functions/{function}')"
        found[f"{name}{suffix}"] = f"{before}{path}\nfrom app import handler{more}"
        for baseline, module in BASELINES.items() if name in WITH_BASELINES else ():
            text = f"from {module.format(function)} import handler{more}"
            found[f"{name} by {baseline}{suffix}"] = text
    return found
