"""Reads with 100, 10,000 and 100,000 insights: read units, and the handler's own time.

The stack is local. Its DynamoDB does not know sizes, so read units are computed here. The handler's
own time is the processor time of this process, in which the query function runs. It does not
include the emulator's time, which grows with its tables.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

from benchmarks.figure import Figure
from benchmarks.own_stack import own_stack
from benchmarks.read_data import TOPICS, made
from benchmarks.read_units import Meter
from tests.builders import api_event

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SENTIMENTS: Final = ("positive", "negative", "neutral")
SIZES: Final[tuple[int, ...]] = tuple(
    map(int, os.environ.get("BENCH_SIZES", "100 10000 100000").split())
)
"""How many insights there are when reads are measured, in increasing order."""

ROUNDS: Final = 3
TITLE: Final = f"Read units at {SIZES[-1]:,} insights / at {SIZES[0]}"
LIMIT: Final = 1.2
"""More than 1 only because items fill blocks of 4 KB differently."""


class Bench:
    """The query function in this process, with the tables of a local stack."""

    def __init__(self) -> None:
        from functions.query import app
        from grok_insights import wiring
        from grok_insights.aws.insights.item import insight_to_item

        self.app, self.to_item, self.parts = app.app, insight_to_item, wiring.parts()
        self.now = datetime.now(UTC)
        self.meter = Meter({})
        self.kept: list[dict[str, Any]] = []
        self.counters: defaultdict[Any, Counter[str]] = defaultdict(Counter)
        self.meter.attach(self.parts.dynamodb)

    def grow(self, size: int) -> None:
        """Add insights with their counters until the tables contain ``size`` of them."""
        from grok_insights.domain import trends
        from grok_insights.domain.conversation import NOT_STORED
        from grok_insights.domain.insight import tally

        shards = self.parts.settings.index_shards
        for number, insight in enumerate(made(range(len(self.kept), size), self.now)):
            item = self.to_item(insight, shards, NOT_STORED)
            self.meter.items[insight.conversation_id] = item
            self.kept.append(item)
            counted = tally(insight, NOT_STORED.expires_at)
            for key, fields in trends.counters(counted, number % shards).items():
                self.counters[key].update(fields)
        # The garbage collector ignores these objects while requests are measured.
        gc.collect()
        gc.freeze()
        new = self.kept[-(number + 1) :]
        self._write(self.parts.insights.table, new)
        self._write(
            self.parts.trends.table,
            [
                {name: {"S": value} for name, value in key._asdict().items()}
                | {name: {"N": str(value)} for name, value in fields.items()}
                for key, fields in self.counters.items()
            ],
        )

    def _write(self, table: str, items: list[dict[str, Any]]) -> None:
        from grok_insights.aws import concurrent
        from grok_insights.aws.concurrent import chunks

        def write(batch: list[dict[str, Any]]) -> None:
            puts: Any = [{"PutRequest": {"Item": item}} for item in batch]
            self.parts.dynamodb.batch_write_item(RequestItems={table: puts})

        concurrent.each(write, chunks(items, 25))

    def matching(self, **filters: str) -> list[str]:
        """Return the positions of the insights that match, newest first."""
        from grok_insights.aws.insights.item import labels_of
        from grok_insights.domain.labels import of_topic

        topic, kind = filters.get("topic"), filters.get("sentiment")
        status = filters.get("status")
        return sorted(
            (
                item["position"]["S"]
                for item in self.kept
                if (topic is None or of_topic(topic) in labels_of(item))
                and (kind is None or item["kind"]["S"] == kind)
                and (status is None or item["status"]["S"] == status)
            ),
            reverse=True,
        )

    def measure(self, path: str, **query: str) -> Measure:
        """Send one request several times; return its read units and its own time."""
        times = []
        # With many items the emulator takes a second for a query.
        for _ in range(ROUNDS if len(self.kept) <= SIZES[1] else 1):
            self.meter.clear()
            began = time.process_time()
            answer = self.app(api_event("GET", path, query=query), NO_CONTEXT)
            times.append(time.process_time() - began)
            assert answer["statusCode"] == 200, answer["body"]
        shown = json.loads(answer["body"])
        size = len(shown.get("items", shown.get("series", [1])))
        return Measure(self.meter.units(), min(times) * 1000, size)

    def tenth(self, limit: int, **filters: str) -> str:
        """Return the cursor of the tenth page, as the ninth page would have returned it."""
        from grok_insights.domain.insight import Sentiment, Status
        from grok_insights.domain.selection import Selection

        selection = Selection(
            sentiment=Sentiment(filters["sentiment"]) if "sentiment" in filters else None,
            status=Status(filters["status"]) if "status" in filters else None,
            topic=filters.get("topic"),
        )
        place = self.matching(**filters)[9 * limit - 1]
        return self.app.use_case.insights.cursors.seal(place, query=selection.signature())


@dataclass(frozen=True)
class Measure:
    """The cost of one request."""

    units: float
    own_ms: float
    answer: int
    """Insights, or points of a series, in the response."""


def mean(several: list[Measure]) -> Measure:
    """Return the mean of the measurements of responses of the same size."""
    return Measure(
        statistics.fmean(one.units for one in several),
        statistics.fmean(one.own_ms for one in several),
        several[0].answer,
    )


LISTS: Final[dict[str, tuple[int, int, list[dict[str, str]]]]] = {
    "list": (20, 5, [{}]),
    "list, status=completed": (20, 3, [{"status": "completed"}]),
    "list, status=failed": (5, 2, [{"status": "failed"}]),
    "list, sentiment": (3, 1, [{"sentiment": one} for one in SENTIMENTS]),
    "list, topic": (5, 2, [{"topic": TOPICS[0]}]),
    "list, topic and sentiment": (
        3,
        1,
        [{"topic": TOPICS[0], "sentiment": one} for one in SENTIMENTS],
    ),
}
"""Lengths of the first and the tenth page that 100 insights can fill, and the filters. The mean of
several requests is shown.
"""

NO_CONTEXT: Final = cast("LambdaContext", None)
PATH: Final = "/api/v1/insights"


def measured(bench: Bench) -> dict[str, Measure]:
    """Return every request that is measured, by name."""
    found: dict[str, Measure] = {}
    for name, (first, tenth, several) in LISTS.items():
        found[f"{name}, first page"] = mean(
            [bench.measure(PATH, limit=str(first), **filters) for filters in several]
        )
        found[f"{name}, tenth page"] = mean(
            [
                bench.measure(
                    PATH, limit=str(tenth), cursor=bench.tenth(tenth, **filters), **filters
                )
                for filters in several
            ]
        )
    found["list, an empty range"] = bench.measure(PATH, to="2001-01-01T00:00:00Z")
    found["trends, 24 h by hour"] = bench.measure(f"{PATH}/trends")
    found["trends, 30 days by day"] = bench.measure(f"{PATH}/trends", interval="day")
    one = bench.kept[0]["conversation_id"]["S"]
    found["one insight by id"] = bench.measure(f"{PATH}/{one}")
    return found


def figures() -> Iterator[Figure]:
    """Return, for each request, how its read units grow from the smallest table to the largest."""
    with own_stack("grok-insights-bench", os.environ.get("EMULATOR_PORT", "4630")):
        os.environ |= {
            "CURSOR_KEY": "bench",
            "POWERTOOLS_LOG_LEVEL": "WARNING",
            "RATE_LIMIT_REQUESTS": "1000000",
        }
        results = _results()
    smallest, *_, largest = results
    for name, first in results[smallest].items():
        grown = results[largest][name].units / first.units if first.units else 1.0
        note = ", ".join(
            f"{found[name].units:.1f} u {found[name].own_ms:.0f} ms" for found in results.values()
        )
        # Counters have the labels of their hour or day, which few insights do not have all.
        limit = None if name.startswith("trends") else LIMIT
        yield Figure(f"{name} ({first.answer})", grown, "", limit, note)


def _results() -> dict[int, dict[str, Measure]]:
    """Return the measurements at each size, on the stack whose addresses are in the environment."""
    bench = Bench()
    results: dict[int, dict[str, Measure]] = {}
    for size in SIZES:
        print(f"filling the tables up to {size:,} insights …", file=sys.stderr, flush=True)
        bench.grow(size)
        results[size] = measured(bench)
    return results
