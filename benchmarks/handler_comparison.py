"""Send the same requests through our handlers and those of the baselines, in one process.

Runs in the Lambda environment, with an emulator in another process, and writes JSON. The CPU of the
AWS clients is measured separately, with the clients' own events.
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

from benchmarks.baselines import parts as baseline_parts
from benchmarks.comparison import interleaved
from grok_insights import wiring
from tests.builders import LambdaContext, api_event

ROUNDS, CALLS = 9, 8
IMPLEMENTATIONS: Final = {
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
    """CPU seconds that calls to AWS took, in any thread."""

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
    """One route: the function that serves it, and the event that is sent."""

    name: str
    function: str
    event: Callable[[], Event]


def routes(one: str, key: str) -> list[Route]:
    """Return all routes to measure. The id ``one`` has an insight, ``key`` opens /metrics."""

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
    """Return a request with a conversation that was not sent before."""
    return api_event("POST", "/api/v1/conversations", _new(), headers=SHOWN)


def post_bulk() -> Event:
    """Return a request with 50 such conversations."""
    body = {"conversations": [_new() for _ in range(50)]}
    return api_event("POST", "/api/v1/conversations/bulk", body, headers=SHOWN)


def delete() -> Event:
    """Return a request to delete a conversation, which our own handler has accepted before."""
    response = import_module("functions.ingest.app").handler(post_one(), CONTEXT)
    path = f"/api/v1/conversations/{json.loads(response['body'])['id']}"
    return api_event("DELETE", path, headers=SHOWN)


def handlers(function: str) -> dict[str, Handler]:
    """Return the handlers of one function, by implementation."""
    return {who: import_module(at.format(function)).handler for who, at in IMPLEMENTATIONS.items()}


def response_of(handler: Handler, event: Event) -> tuple[int, Any]:
    """Return the status and the body of a response."""
    response = handler(event, CONTEXT)
    try:
        return response["statusCode"], json.loads(response["body"] or "null")
    except ValueError:
        return response["statusCode"], response["body"]


class ResponsesDiffer(Exception):
    """A baseline's response differs from ours, so the comparison would be meaningless."""


def check(name: str, handlers: dict[str, Handler], new_event: Callable[[], Event]) -> None:
    """Check that all responses are equal. The request must be repeatable."""
    expected, responses = None, {}
    for who, handler in handlers.items():
        responses[who] = response_of(handler, new_event())
        expected = expected or responses[who]
        if responses[who] != expected:
            raise ResponsesDiffer(
                f"{name}: {who} responds {responses[who]}, ours {expected}"[:2_000]
            )


def same(new_event: Callable[[], Event]) -> Callable[[], Event]:
    """Return a function that returns the same event at each call."""
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
"""Requests that all must refuse with the same status."""


def check_all(handlers_by_function: dict[str, dict[str, Handler]], routes: list[Route]) -> None:
    """Check that all implementations accept and refuse the same requests."""
    for route in routes:
        new_event = route.event if route.name.startswith("DELETE") else same(route.event)
        check(route.name, handlers_by_function[route.function], new_event)
    for name, (function, method, path, body, query) in REFUSED.items():
        event = api_event(method, path, body, query=query, headers=SHOWN)
        for who, handler in handlers_by_function[function].items():
            status = response_of(handler, event)[0]
            if status != 422:
                raise ResponsesDiffer(f"{name}: {who} responds {status}")


def main() -> None:
    """Check, measure, and write the CPU of every round as JSON, with and without AWS."""
    logging.disable(logging.CRITICAL)
    handlers_by_function: dict[str, dict[str, Handler]] = {
        function: {
            who: import_module(at.format(function)).handler for who, at in IMPLEMENTATIONS.items()
        }
        for function in ("ingest", "query")
    }
    aws = AwsTime()
    for parts in (wiring.parts(), baseline_parts.parts):
        aws.watch(parts.dynamodb)
        aws.watch(parts.sqs)
    found = routes(os.environ["BENCH_INSIGHT"], os.environ["BENCH_API_KEY"])
    check_all(handlers_by_function, found)
    gc.collect()
    gc.freeze()
    print(
        json.dumps(
            {
                route.name: measure(route, handlers_by_function[route.function], aws)
                for route in found
            }
        )
    )


def measure(route: Route, handlers: dict[str, Handler], aws: AwsTime) -> dict[str, Any]:
    """Return the milliseconds of CPU per request of each implementation: in total, and for AWS."""
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
