"""Cold start: importing each function and building its clients, against two bare boto3 clients.

Fresh processes, taken in turn, so that whatever else the machine does meets all alike. Compiled
files are there from the second round on, as they are in a deployed layer that was run before.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parent.parent.parent
ROUNDS: Final = 9
BASE: Final = "two bare boto3 clients"
POWERTOOLS: Final = (
    "from aws_lambda_powertools import Logger, Metrics\n"
    "from aws_lambda_powertools.event_handler import APIGatewayRestResolver\n"
    "from pydantic import BaseModel\n"
    "Logger(service='x'); Metrics(namespace='x', service='x')\n"
    "class Item(BaseModel):\n    text: str\n"
    "APIGatewayRestResolver(enable_validation=True)"
)
CLIENTS: Final = "import boto3\nboto3.client('dynamodb'); boto3.client('sqs')"


def programs() -> dict[str, str]:
    """What is compared, by name: each a program of its own."""
    functions = {
        name: f"import sys; sys.path[:0] = ['layers/shared', 'functions/{name}']\nimport app"
        for name in ("ingest", "query", "analysis")
    }
    return {BASE: CLIENTS, "a plain Powertools function": f"{CLIENTS}\n{POWERTOOLS}"} | functions


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """The median CPU seconds of each program, after one round that does not count."""
    found: dict[str, list[float]] = {name: [] for name in programs()}
    with tempfile.TemporaryDirectory() as compiled:
        environment = _environment(compiled)
        for _ in range(rounds + 1):
            for name, program in programs().items():
                found[name].append(_seconds(program, environment))
    return {name: statistics.median(seconds[1:]) for name, seconds in found.items()}


def _seconds(program: str, environment: Mapping[str, str]) -> float:
    """CPU time of a fresh process: what else the machine does shows less in it than in its time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], check=True, cwd=CHECKOUT, env=environment)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _environment(compiled: str) -> dict[str, str]:
    names = ("CONVERSATIONS_TABLE", "INSIGHTS_TABLE", "TRENDS_TABLE", "STATE_TABLE", "CURSOR_KEY")
    queues = ("ANALYSIS_QUEUE_URL", "DEAD_LETTER_QUEUE_URL")
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPYCACHEPREFIX": compiled,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "eu-west-1",
        **dict.fromkeys((*names, *queues), "x"),
    }


def report() -> Iterator[str]:
    """The table: median milliseconds of CPU, and the ratio to the bare clients."""
    medians = measure()
    yield f"{'cold start':<32}{'ms':>6}{'ratio':>8}"
    for name, seconds in medians.items():
        yield f"{name:<32}{seconds * 1000:>6.0f}{seconds / medians[BASE]:>8.2f}"


if __name__ == "__main__":
    for line in report():
        print(line)
