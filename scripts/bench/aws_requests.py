"""Requests to AWS per conversation, from the client's POST to the insight that is saved.

Counted as they leave the clients, retries included, on an emulator. What Lambda itself asks of
SQS for the function (receive, delete) is not ours to make, and not counted.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from grok_insights.aws.queue import DEPTH_MAX_AGE_SECONDS, Message
from scripts.bench.emulated import emulated_aws, in_environment
from scripts.bench.figure import Figure
from tests.builders import LambdaContext, api_event, sqs_event

TITLE = "AWS requests per conversation"
BATCH, BULK = 50, 500
FAST = {"GROK_MOCK_MAX_LATENCY_SECONDS": "0"}


class Functions:
    """The two functions in this process, and a count of the requests that leave them."""

    def __init__(self) -> None:
        self.ingest = import_module("functions.ingest.app")
        self.analysis = import_module("functions.analysis.app")
        self.made: Counter[str] = Counter()
        for client in (self.ingest.parts.dynamodb, self.ingest.parts.sqs):
            client.meta.events.register("before-send", self._count)

    def _count(self, event_name: str, **_: Any) -> None:
        self.made[event_name.rpartition(".")[2]] += 1

    def taken(self) -> Counter[str]:
        """What was counted since the last time."""
        made, self.made = self.made, Counter()
        return made

    def post(self, path: str, body: Any) -> Any:
        """Send a request in."""
        event = api_event("POST", path, body)
        answer = self.ingest.handler(event, LambdaContext())
        if answer["statusCode"] != 202:
            raise RuntimeError(f"POST {path} answers {answer['statusCode']}")
        return json.loads(answer["body"])

    def analyse(self, ids: list[str]) -> None:
        """Have them analysed in batches of 50."""
        now = datetime.now(UTC)
        for start in range(0, len(ids), BATCH):
            bodies = [Message(one, 1, now).to_body() for one in ids[start : start + BATCH]]
            answer = self.analysis.handler(sqs_event(bodies), LambdaContext())
            if answer["batchItemFailures"]:
                raise RuntimeError("a conversation of the batch was not analysed")


def figures() -> Iterator[Figure]:
    """Requests a conversation, on each way in."""
    with emulated_aws() as (_, environment), in_environment(environment | FAST):
        functions = Functions()
        functions.analyse(_singles(functions, BATCH))
        functions.taken()
        yield from _counted(functions)


def _counted(functions: Functions) -> Iterator[Figure]:
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
    yield figure("single POST, the door's part", single, BATCH)
    yield figure("single POST, two seconds after the last one, the door's part", rare, 1)
    yield figure("analysis of a lone message", alone, 1)
    yield figure("analysis in batches of 50", batch, BATCH)
    yield figure("single POSTs in steady state, whole way", single + batch, BATCH, 3.5)
    sent = {"conversations": [{"text": f"My parcel {n} is late"} for n in range(BULK)]}
    answer = functions.post("/api/v1/conversations/bulk", sent)
    functions.analyse([one["id"] for one in answer["results"]])
    yield figure("bulk of 500, whole way", functions.taken(), BULK, 0.3)


def _singles(functions: Functions, number: int) -> list[str]:
    posts = (
        functions.post("/api/v1/conversations", {"text": f"My parcel {one} is late"})
        for one in range(number)
    )
    return [str(answer["id"]) for answer in posts]


def figure(name: str, made: Counter[str], conversations: int, limit: float | None = None) -> Figure:
    """The row of so many requests; the note has them by operation."""
    note = ", ".join(f"{count} {operation}" for operation, count in made.most_common())
    return Figure(name, made.total() / conversations, limit=limit, note=note)
