"""CPU of a request to AWS: our client compared with a client that boto3 makes."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.comparison import ratio
from benchmarks.figure import Figure
from benchmarks.lambda_env import HANDLERS_ENV
from tests.builders import environment

TITLE = "A request to AWS, CPU without the network"


def figures() -> Iterator[Figure]:
    """Return the ratio of our client's CPU to boto3's, for a small and a large request."""
    found = HANDLERS_ENV.run_module("benchmarks.aws_client_comparison", environment())
    for name, rounds in found.items():
        ours, theirs = (statistics.median(rounds[who]) for who in ("ours", "boto3"))
        note = f"{ours:.2f} of {theirs:.2f} ms"
        yield Figure(f"{name} / boto3", ratio(rounds["ours"], rounds["boto3"]), note=note)
