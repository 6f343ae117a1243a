"""The options of the command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.load.conversations import SAMPLES

LARGEST_BULK = 500


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a load test.

    ``rate`` is in conversations a second; ``bulk`` is the size of a request. ``by_import`` sends
    all conversations as one file instead.
    """

    base_url: str
    api_key: str
    num_conversations: int
    concurrency: int
    bulk: int
    rate: float | None
    by_import: bool
    from_file: Path
    retry: bool
    patience_seconds: float
    poll_seconds: float
    cost_per_1k: float
    ask_above_usd: float
    yes: bool
    json: Path | None
    chart: Path | None


def read_options(arguments: Sequence[str]) -> Options:
    """Return the options; exit with an error and status 2 if they are not valid."""
    parser = _parser()
    options = Options(**vars(parser.parse_args(arguments)))
    if options.by_import and (options.bulk > 1 or options.rate is not None):
        parser.error("--import must be without --bulk and --rate: it sends one file")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="load_test.py", description=__doc__, epilog=_NOTE)
    where = parser.add_argument_group("where")
    where.add_argument("--base-url", default=os.environ.get("API_URL"), required=_unset("API_URL"))
    where.add_argument("--api-key", default=os.environ.get("API_KEY", ""))
    what = parser.add_argument_group("what")
    what.add_argument("--num-conversations", type=_count, default=100, metavar="N")
    what.add_argument("--from-file", type=Path, default=SAMPLES, metavar="JSONL")
    how = parser.add_argument_group("how")
    how.add_argument("--concurrency", type=_count, default=10, help="concurrent requests")
    how.add_argument(
        "--bulk", type=_bulk, nargs="?", const=100, default=1, help="conversations a request"
    )
    how.add_argument(
        "--rate",
        type=_positive,
        help="conversations a second, sent at fixed times even if responses are late",
    )
    how.add_argument(
        "--import",
        dest="by_import",
        action="store_true",
        help="upload one file and import it; times count from the start of the test",
    )
    how.add_argument(
        "--retry", action="store_true", help="wait as long as Retry-After says, and repeat"
    )
    how.add_argument(
        "--patience-seconds",
        type=_positive,
        default=60.0,
        metavar="SECONDS",
        help="without any insight, until the rest counts as missing (60)",
    )
    how.add_argument("--poll-seconds", type=_positive, default=1.0, metavar="SECONDS")
    cost = parser.add_argument_group("cost")
    cost.add_argument("--cost-per-1k", type=float, default=0.002, metavar="USD")
    cost.add_argument("--ask-above-usd", type=float, default=1.0, metavar="USD")
    cost.add_argument("--yes", action="store_true", help="do not ask, at any cost")
    report = parser.add_argument_group("report")
    report.add_argument("--json", type=Path, metavar="FILE")
    report.add_argument("--chart", type=Path, metavar="HTML")
    return parser


_NOTE = (
    "The service lets an address send RATE_LIMIT_REQUESTS (60) requests a minute, and the usage"
    " plan has a limit too: raise both on the stack under test, or see what being throttled is"
    " like. Looking for the insights takes a request or more each --poll-seconds."
)


def _unset(name: str) -> bool:
    return not os.environ.get(name)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _bulk(text: str) -> int:
    value = _count(text)
    if value > LARGEST_BULK:
        raise argparse.ArgumentTypeError(f"must be at most {LARGEST_BULK}")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return value
