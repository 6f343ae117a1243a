"""CPU of a request to AWS: our client against one as boto3 makes it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.comparison import ratio
from benchmarks.figure import Figure
from benchmarks.lambda_env import DOORS
from tests.builders import environment

TITLE = "A request to AWS, CPU without the network"


def figures() -> Iterator[Figure]:
    """What ours takes of the other's, for a small request and for a large one."""
    found = DOORS.ask("benchmarks.aws_client_comparison", environment())
    for name, rounds in found.items():
        ours, theirs = (statistics.median(rounds[who]) for who in ("ours", "boto3"))
        note = f"{ours:.2f} of {theirs:.2f} ms"
        yield Figure(f"{name} / boto3", ratio(rounds["ours"], rounds["boto3"]), note=note)
