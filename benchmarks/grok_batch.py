"""A batch of 50 in the handler, with a stand-in that takes 1 s for each answer.

The learned batch size is 50. The handler runs in this process, its tables are on the emulator, and
the pace never delays.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from benchmarks.figure import Figure
from benchmarks.standin_process import standin_process
from tests.builders import LambdaContext, environment, sqs_event
from tests.emulator import bare_emulator

BATCHES = 5
LIMIT_SECONDS = 1.15
TITLE = "A batch of 50 at 1 s an answer"


def figures() -> Iterator[Figure]:
    """Return the handler's seconds for the first batch of a new environment, and for later ones."""
    with bare_emulator() as endpoint, standin_process(latency_seconds=1.0) as standin:
        os.environ.update(environment(AWS_ENDPOINT_URL=endpoint, POWERTOOLS_LOG_LEVEL="ERROR"))
        times = _times(standin.address)
    yield Figure("first batch of an environment", times[0], "s", note="ideal: 1 s")
    later = statistics.median(times[1:])
    yield Figure("later batches", later, "s", LIMIT_SECONDS, "ideal: 1 s")


def _times(address: str) -> list[float]:
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
    parts.counters.learn_batch_size(50)
    analysis = wiring.analysis(parts)
    # The garbage collector ignores what the measurement itself loaded, as in the function.
    gc.collect()
    gc.freeze()
    times = []
    for _ in range(BATCHES):
        ids = [str(uuid4()) for _ in range(50)]
        now = datetime.now(UTC)
        parts.conversations.add(
            [Conversation(one, f"My parcel {one} is late", now, now) for one in ids]
        )
        event = sqs_event([Message(one, 1, now).to_body() for one in ids])
        begun = time.perf_counter()
        answer = app.handler(event, LambdaContext(), analysis)
        times.append(time.perf_counter() - begun)
        if answer["batchItemFailures"] or not all(map(parts.insights.stored, ids)):
            raise RuntimeError("a conversation of the batch has no insight")
    return times
