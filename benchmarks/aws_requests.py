"""Requests to AWS per conversation, from the client's POST to the saved insight.

Requests are counted as they leave the clients, retries included, on an emulator. The requests that
Lambda itself sends to SQS for the function (receive, delete) are not counted.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from benchmarks.emulated import emulated_aws, in_environment
from benchmarks.figure import Figure
from benchmarks.standin_process import standin_process
from grok_insights import wiring
from grok_insights.aws.queue import DEPTH_MAX_AGE_SECONDS, Message
from grok_insights.settings import Settings
from tests.builders import LambdaContext, api_event, sqs_event

if TYPE_CHECKING:
    from grok_insights.analysis.batch import BatchAnalysis

TITLE = "AWS requests per conversation"
BATCH, BULK = 50, 500
FAST = {"GROK_MOCK_MAX_LATENCY_SECONDS": "0"}

LEAST_SINGLE = 3
"""The smallest possible number for a POST: count it for the limit, store it, send it to the queue.
"""

LEAST_BULK = 1 + 5 + 50
"""The same for 500 conversations: a transaction takes 100, and a request to SQS 10 messages."""

LEAST_BATCH = 4
"""The smallest number for a batch of 50: read the pauses and texts, save insights, add to totals.
"""

LEAST_PAID_BATCH = LEAST_BATCH + 3
"""And starting times claimed, and money reserved and settled."""


class Functions:
    """The two functions in this process, and a count of the requests that leave them."""

    def __init__(self) -> None:
        parts = wiring.parts()
        self.ingest = import_module("functions.ingest.app").create_app(parts)
        self.analyse_event = import_module("functions.analysis.app").handler
        self.analysis = wiring.analysis(parts)
        self.made: Counter[str] = Counter()
        for client in (parts.dynamodb, parts.sqs):
            client.meta.events.register("before-send", self._count)

    def _count(self, event_name: str, **_: Any) -> None:
        self.made[event_name.rpartition(".")[2]] += 1

    def taken(self) -> Counter[str]:
        """Return what was counted since the last call, and reset the count."""
        made, self.made = self.made, Counter()
        return made

    def post(self, path: str, body: Any) -> Any:
        """Send a request to the ingest function."""
        event = api_event("POST", path, body)
        answer = self.ingest(event, LambdaContext())
        if answer["statusCode"] != 202:
            raise RuntimeError(f"POST {path} answers {answer['statusCode']}")
        return json.loads(answer["body"])

    def analyse(self, ids: list[str], analysis: BatchAnalysis | None = None) -> None:
        """Analyse queued messages in batches of 50, with the function's own analysis or another."""
        analysis = analysis or self.analysis
        now = datetime.now(UTC)
        for start in range(0, len(ids), BATCH):
            bodies = [Message(one, 1, now).to_body() for one in ids[start : start + BATCH]]
            answer = self.analyse_event(sqs_event(bodies), LambdaContext(), analysis)
            if answer["batchItemFailures"]:
                raise RuntimeError("a conversation of the batch was not analysed")


def figures() -> Iterator[Figure]:
    """Return the requests per conversation for each way to send conversations."""
    with emulated_aws() as (_, environment), in_environment(environment | FAST):
        functions = Functions()
        functions.analyse(_singles(functions, BATCH))
        functions.taken()
        yield from _singly(functions)
        yield _in_bulk(functions, "bulk of 500, in total", LEAST_BATCH)
        with real_analysis() as analysis:
            functions.analyse(_singles(functions, BATCH), analysis)
            functions.taken()
            name = "bulk of 500, real mode with a budget, in total"
            yield _in_bulk(functions, name, LEAST_PAID_BATCH, analysis)


def _singly(functions: Functions) -> Iterator[Figure]:
    time.sleep(DEPTH_MAX_AGE_SECONDS)
    ids = _singles(functions, BATCH)
    single = functions.taken()
    functions.analyse(ids)
    batch = functions.taken()
    time.sleep(DEPTH_MAX_AGE_SECONDS)
    lone = _singles(functions, 1)
    rare = functions.taken()
    functions.analyse(lone)
    alone = functions.taken()
    least = LEAST_SINGLE + LEAST_BATCH / BATCH
    yield figure("single POST, ingestion", single, BATCH, LEAST_SINGLE)
    yield figure("single POST after two idle seconds, ingestion", rare, 1, LEAST_SINGLE)
    yield figure("analysis of a lone message", alone, 1, LEAST_BATCH)
    yield figure("analysis in batches of 50", batch, BATCH, LEAST_BATCH / BATCH)
    yield figure("single POSTs in steady state, in total", single + batch, BATCH, least, 3.5)


def _in_bulk(
    functions: Functions, name: str, least_batch: int, analysis: BatchAnalysis | None = None
) -> Figure:
    sent = {"conversations": [{"text": f"My parcel {n} is late"} for n in range(BULK)]}
    answer = functions.post("/api/v1/conversations/bulk", sent)
    functions.analyse([one["id"] for one in answer["results"]], analysis)
    least = (LEAST_BULK + least_batch * BULK / BATCH) / BULK
    return figure(name, functions.taken(), BULK, least, 0.3)


@contextmanager
def real_analysis() -> Iterator[BatchAnalysis]:
    """Return an analysis that calls xAI, with a budget and a pace that never delays."""
    parts = wiring.parts()
    with standin_process(latency_seconds=0.0) as standin:
        wanted = {
            "GROK_MODE": "real",
            "GROK_API_KEY": "xai-bench",
            "GROK_API_BASE_URL": standin.address,
            "GROK_MAX_REQUESTS_PER_SECOND": "10000",
            "DAILY_BUDGET_USD": "1000",
        }
        yield wiring.analysis(replace(parts, settings=Settings.from_env(os.environ | wanted)))


def _singles(functions: Functions, number: int) -> list[str]:
    posts = (
        functions.post("/api/v1/conversations", {"text": f"My parcel {one} is late"})
        for one in range(number)
    )
    return [str(answer["id"]) for answer in posts]


def figure(
    name: str,
    made: Counter[str],
    conversations: int,
    least: float,
    limit: float | None = None,
) -> Figure:
    """Return the row of a figure; its note has the minimum and the count by operation."""
    by_name = ", ".join(f"{count} {operation}" for operation, count in made.most_common())
    note = f"least {least:.3g}; {by_name}"
    return Figure(name, made.total() / conversations, limit=limit, note=note)
