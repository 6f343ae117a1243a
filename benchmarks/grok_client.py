"""CPU of one call to Grok: our client, the openai SDK and litellm."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.comparison import ratio
from benchmarks.figure import Figure
from benchmarks.lambda_env import CLIENTS_ENV
from benchmarks.standin_process import standin_process

TITLE = "A call to Grok, CPU"


def figures() -> Iterator[Figure]:
    """Return the ratio of our client's CPU to that of the others."""
    with standin_process(latency_seconds=0.0) as standin:
        settings = {"BENCH_STANDIN": standin.address, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        rounds = CLIENTS_ENV.run_module("benchmarks.client_comparison", settings)
    medians = {name: statistics.median(values) for name, values in rounds.items()}
    for other, limit in {"openai SDK": 0.5, "litellm": 0.5}.items():
        note = f"{medians['ours']:.2f} of {medians[other]:.2f} ms"
        yield Figure(f"ours / {other}", ratio(rounds["ours"], rounds[other]), "", limit, note)
