"""A batch of 50 in the handler, with a stand-in that takes 1 s for each answer.

The learned batch size is 50. The handler runs in this process, its tables are on the emulator, and
the pace never delays. In turn with it, 50 threads make the same calls with httpx and do nothing
else, since no program in Python can have the answers earlier than these.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import httpx

from benchmarks.comparison import interleaved, ratio
from benchmarks.figure import Figure
from benchmarks.standin_process import standin_process
from tests.builders import LambdaContext, environment, sqs_event
from tests.emulator import bare_emulator

SIZE: Final = 50
ROUNDS: Final = 9
LIMIT: Final = 1.15
MODEL: Final = "grok-4.20-non-reasoning"
TITLE = "A batch of 50 at 1 s an answer"


def figures() -> Iterator[Figure]:
    """Return the seconds of a new environment's first batch, and those of later ones."""
    with bare_emulator() as endpoint, standin_process(latency_seconds=1.0) as standin:
        os.environ.update(environment(AWS_ENDPOINT_URL=endpoint, POWERTOOLS_LOG_LEVEL="ERROR"))
        batch = _batch(standin.address)
        first = batch()
        calls = {"batch": batch, "calls alone": _calls_alone(standin.address)}
        found = interleaved(calls, ROUNDS)
    later, alone = found["batch"], found["calls alone"]
    yield Figure("first batch of an environment", first, "s", note="ideal: 1 s")
    yield Figure("later batches", statistics.median(later), "s", note="ideal: 1 s")
    yield Figure(
        "later batches / the calls alone",
        ratio(later, alone),
        limit=LIMIT,
        note=f"{statistics.median(later):.2f} of {statistics.median(alone):.2f} s",
    )


def _calls_alone(address: str) -> Callable[[], float]:
    """Return a function that makes the calls of a batch and returns its seconds."""
    from grok_insights.grok.prompt import Prompt
    from grok_insights.grok.request import RequestForm

    limits = httpx.Limits(max_connections=SIZE, max_keepalive_connections=SIZE)
    client = httpx.Client(base_url=address, trust_env=False, timeout=30, limits=limits)
    form = RequestForm(MODEL)
    prompts = [Prompt(str(uuid4()), _text(number)) for number in range(SIZE)]
    bodies = [form.body(prompt) for prompt in prompts]
    headers = {"Authorization": "Bearer xai-bench", "Content-Type": "application/json"}
    threads = ThreadPoolExecutor(SIZE)

    def call(body: bytes) -> None:
        client.post("/chat/completions", content=body, headers=headers).raise_for_status().json()

    def measure() -> float:
        begun = time.perf_counter()
        list(threads.map(call, bodies))
        return time.perf_counter() - begun

    return measure


def _text(number: int) -> str:
    return f"My parcel {number} is late"


def _batch(address: str) -> Callable[[], float]:
    """Return a function that sends the handler a batch and returns its seconds."""
    from functions.analysis import app
    from grok_insights import wiring
    from grok_insights.aws import clients
    from grok_insights.aws.queue import Message
    from grok_insights.domain.conversation import Conversation
    from tests.functional.conftest import Clock, make_parts

    class Now(Clock):
        def __call__(self) -> datetime:
            return datetime.now(UTC)

    parts = make_parts(
        Now(),
        GROK_MODE="real",
        GROK_API_KEY="xai-bench",
        GROK_API_BASE_URL=address,
        GROK_MAX_REQUESTS_PER_SECOND="10000",
    )
    parts = replace(parts, dynamodb=clients.dynamodb())  # which takes requests concurrently
    parts.counters.learn_batch_size(SIZE)
    analysis = wiring.analysis(parts)
    # The garbage collector ignores what the measurement itself loaded, as in the function.
    gc.collect()
    gc.freeze()

    def measure() -> float:
        ids = [str(uuid4()) for _ in range(SIZE)]
        now = datetime.now(UTC)
        parts.conversations.add(
            Conversation(one, _text(number), now, now) for number, one in enumerate(ids)
        )
        event = sqs_event([Message(one, 1, now).to_body() for one in ids])
        begun = time.perf_counter()
        answer = app.handler(event, LambdaContext(), analysis)
        seconds = time.perf_counter() - begun
        if answer["batchItemFailures"] or not all(map(parts.insights.stored, ids)):
            raise RuntimeError("a conversation of the batch has no insight")
        return seconds

    return measure
