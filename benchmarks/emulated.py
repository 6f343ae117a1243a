"""Tables, queues and insights on an emulator, for measurements in other processes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from benchmarks.read_data import made
from tests.builders import environment
from tests.emulator import bare_emulator

if TYPE_CHECKING:
    from grok_insights.wiring import Parts

INSIGHTS: Final = 120
"""Enough insights for a list of 20 to have a next page in every partition."""


@contextmanager
def in_environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables within the block."""
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def emulated_aws() -> Iterator[tuple[Parts, dict[str, str]]]:
    """Start an emulator with our tables; yield its parts and the environment of a function."""
    with bare_emulator() as endpoint:
        given = environment(
            AWS_ENDPOINT_URL=endpoint,
            POWERTOOLS_LOG_LEVEL="ERROR",
            RATE_LIMIT_REQUESTS="1000000000",
        )
        with in_environment(given):
            parts = _parts()
            settings = parts.settings
            yield (
                parts,
                given
                | {
                    "ANALYSIS_QUEUE_URL": settings.analysis_queue_url,
                    "DEAD_LETTER_QUEUE_URL": settings.dead_letter_queue_url,
                },
            )


def _parts() -> Parts:
    from tests.functional.conftest import Clock, make_parts

    return make_parts(Clock(datetime.now(UTC)))


def fill(parts: Parts) -> str:
    """Save conversations with their insights and counters; return the id of one of them."""
    from grok_insights.aws.concurrent import chunks
    from grok_insights.aws.ledger import Entry
    from grok_insights.domain.conversation import NOT_STORED, Conversation

    insights = list(made(range(INSIGHTS), parts.now()))
    parts.conversations.add(
        Conversation(
            one.conversation_id, "My parcel is late. " * 20, one.created_at, one.occurred_at
        )
        for one in insights
    )
    ledger = parts.ledger
    for run in chunks(insights, 5):
        ledger.save([Entry(one, NOT_STORED) for one in run])
    return insights[0].conversation_id


def new_api_key() -> tuple[str, str]:
    """Make a key in the emulator's API Gateway; return its id and its value."""
    from grok_insights.aws import clients

    made = clients.apigateway().create_api_key(name="bench", enabled=True)
    return made["id"], made["value"]
