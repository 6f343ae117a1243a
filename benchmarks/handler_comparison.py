"""Sends the same requests through our handler and those of the baselines, in one process.

Runs in the Lambda environment, on an emulator in another process, and writes JSON. The CPU that AWS
clients take is measured apart, by their own events.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from itertools import count
from threading import local
from typing import Any, Final

from benchmarks.baselines import parts as twins_parts
from benchmarks.comparison import interleaved
from grok_insights import wiring
from tests.builders import LambdaContext, api_event

ROUNDS, CALLS = 9, 8
CONTESTANTS: Final = {
    "ours": "functions.{}.app",
    "FastAPI + Mangum": "benchmarks.baselines.fastapi_{}",
    "Powertools": "benchmarks.baselines.powertools_{}",
}
CONTEXT: Final = LambdaContext()
TEXT: Final = "Customer: My parcel is late. Agent: It will come tomorrow. " * 5
NUMBERS: Final = count(int(time.time()) * 1000)
SHOWN: Final = {"Accept": "application/json"}

Event = dict[str, Any]
Handler = Callable[[Event, Any], Event]


@dataclass
class AwsTime:
    """CPU seconds that calls to AWS took, in whichever thread."""

    spent: list[float] = field(default_factory=list)
    begun: local = field(default_factory=local)

    def watch(self, client: Any) -> None:
        """Measure a client's calls, from their arguments to the parsed answer."""
        events = client.meta.events
        events.register_first("provide-client-params", self._begin)
        events.register_last("after-call", self._end)

    def _begin(self, **_: Any) -> None:
        self.begun.at = time.thread_time()

    def _end(self, **_: Any) -> None:
        self.spent.append(time.thread_time() - self.begun.at)


@dataclass(frozen=True)
class Route:
    """One route: which function answers it, and what is sent."""

    name: str
    function: str
    event: Callable[[], Event]


def routes(one: str, key: str) -> list[Route]:
    """All that is measured. ``one`` has an insight, ``key`` opens the metrics."""

    def get(path: str, headers: dict[str, str] = SHOWN, **query: str) -> Callable[[], Event]:
        return lambda: api_event("GET", path, query=query, headers=headers)

    api = "/api/v1"
    return [
        Route("POST one conversation", "ingest", post_one),
        Route("POST bulk of 50", "ingest", post_bulk),
        Route("DELETE a conversation", "ingest", delete),
        Route("GET a conversation", "query", get(f"{api}/conversations/{one}")),
        Route("GET insights, 20", "query", get(f"{api}/insights", limit="20")),
        Route("GET an insight", "query", get(f"{api}/insights/{one}")),
        Route("GET trends", "query", get(f"{api}/insights/trends", interval="day")),
        Route("GET health", "query", get("/health")),
        Route("GET metrics", "query", get("/metrics", {**SHOWN, "x-api-key": key})),
        Route("GET openapi.json", "query", get("/openapi.json")),
        Route("GET dashboard", "query", get("/dashboard")),
    ]


def _new() -> dict[str, Any]:
    return {"external_id": f"bench-{next(NUMBERS)}", "text": TEXT, "metadata": {"channel": "chat"}}


def post_one() -> Event:
    """A conversation that was not sent before."""
    return api_event("POST", "/api/v1/conversations", _new(), headers=SHOWN)


def post_bulk() -> Event:
    """50 such conversations."""
    body = {"conversations": [_new() for _ in range(50)]}
    return api_event("POST", "/api/v1/conversations/bulk", body, headers=SHOWN)


def delete() -> Event:
    """A conversation that was taken in before, by our own door."""
    answer = import_module("functions.ingest.app").handler(post_one(), CONTEXT)
    path = f"/api/v1/conversations/{json.loads(answer['body'])['id']}"
    return api_event("DELETE", path, headers=SHOWN)


def handlers(function: str) -> dict[str, Handler]:
    """The handlers of one function by contestant."""
    return {who: import_module(at.format(function)).handler for who, at in CONTESTANTS.items()}


def answer_of(handler: Handler, event: Event) -> tuple[int, Any]:
    """The status and the body of an answer."""
    answer = handler(event, CONTEXT)
    try:
        return answer["statusCode"], json.loads(answer["body"] or "null")
    except ValueError:
        return answer["statusCode"], answer["body"]


class Unequal(Exception):
    """A baseline does not answer as ours does: what is measured would say nothing."""


def check(name: str, handlers: dict[str, Handler], new_event: Callable[[], Event]) -> None:
    """See that all answer alike; what is sent again must be harmless."""
    expected, answered = None, {}
    for who, handler in handlers.items():
        answered[who] = answer_of(handler, new_event())
        expected = expected or answered[who]
        if answered[who] != expected:
            raise Unequal(f"{name}: {who} answers {answered[who]}, ours {expected}"[:2_000])


def same(new_event: Callable[[], Event]) -> Callable[[], Event]:
    """The same event again and again."""
    event = new_event()
    return lambda: event


REFUSED: Final = {
    "a blank text": ("ingest", "POST", "/api/v1/conversations", {"text": " "}, {}),
    "an unknown field": ("ingest", "POST", "/api/v1/conversations", {"text": "a", "x": 1}, {}),
    "no conversation": ("ingest", "POST", "/api/v1/conversations/bulk", {"conversations": []}, {}),
    "no id": ("query", "GET", "/api/v1/insights/nothing", None, {}),
    "too high a limit": ("query", "GET", "/api/v1/insights", None, {"limit": "101"}),
    "no such sentiment": ("query", "GET", "/api/v1/insights", None, {"sentiment": "glad"}),
    "a time without zone": ("query", "GET", "/api/v1/insights", None, {"from": "2026-01-01"}),
}
"""What all must refuse with the same status."""


def check_all(doors: dict[str, dict[str, Handler]], found: list[Route]) -> None:
    """See that all contestants take and refuse the same."""
    for route in found:
        new_event = route.event if route.name.startswith("DELETE") else same(route.event)
        check(route.name, doors[route.function], new_event)
    for name, (function, method, path, body, query) in REFUSED.items():
        event = api_event(method, path, body, query=query, headers=SHOWN)
        for who, handler in doors[function].items():
            status = answer_of(handler, event)[0]
            if status != 422:
                raise Unequal(f"{name}: {who} answers {status}")


def main() -> None:
    """Check, measure, and write the CPU of every round, whole and without AWS, as JSON."""
    logging.disable(logging.CRITICAL)
    doors: dict[str, dict[str, Handler]] = {
        function: {
            who: import_module(at.format(function)).handler for who, at in CONTESTANTS.items()
        }
        for function in ("ingest", "query")
    }
    aws = AwsTime()
    for parts in (wiring.parts(), twins_parts.parts):
        aws.watch(parts.dynamodb)
        aws.watch(parts.sqs)
    found = routes(os.environ["BENCH_INSIGHT"], os.environ["BENCH_API_KEY"])
    check_all(doors, found)
    gc.collect()
    gc.freeze()
    print(json.dumps({route.name: measure(route, doors[route.function], aws) for route in found}))


def measure(route: Route, handlers: dict[str, Handler], aws: AwsTime) -> dict[str, Any]:
    """Milliseconds of CPU a request of each contestant: of all of it, and of AWS."""
    shares: dict[str, list[float]] = {who: [] for who in handlers}

    def timed(who: str) -> float:
        events = [route.event() for _ in range(CALLS)]
        aws.spent.clear()
        begun = time.process_time()
        for event in events:
            handlers[who](event, CONTEXT)
        whole = time.process_time() - begun
        shares[who].append(sum(aws.spent) * 1000 / CALLS)
        return whole * 1000 / CALLS

    whole = interleaved({who: lambda who=who: timed(who) for who in handlers}, ROUNDS)  # type: ignore[misc]
    return {"whole": whole, "aws": {who: values[1:] for who, values in shares.items()}}


if __name__ == "__main__":
    main()
