"""Insights to measure with. They are the same in every run."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from grok_insights.domain.insight import (
    Analysis,
    Cost,
    CostSource,
    Failure,
    Insight,
    Origin,
    Sentiment,
)

TOPICS: Final = tuple(f"{word}_{number}" for word in ("billing", "parcel") for number in range(10))
DAYS: Final = 29
"""Insights are in the whole days of the last month, so that its trends count all of them."""


def made(numbers: Iterable[int], now: datetime) -> Iterator[Insight]:
    """Return insights as the analysis makes them: some topics are far more frequent."""
    for number in numbers:
        chance = random.Random(number)  # noqa: S311 - the same insights at every run
        topics = tuple({TOPICS[int(chance.random() ** 2 * len(TOPICS))] for _ in range(3)})
        analysis = Analysis("A customer writes. " * 8, chance.choice(list(Sentiment)), topics)
        identity = str(UUID(int=chance.getrandbits(128), version=4))
        at = now - timedelta(seconds=chance.random() * DAYS * 86_400)
        yield Insight(
            conversation_id=identity,
            occurred_at=at,
            created_at=at,
            outcome=Failure("refused", "no answer") if chance.random() < 0.3 else analysis,
            cost=Cost(400, 1_700_000, CostSource.REPORTED),
            origin=Origin("grok", False, 0.8, 1, "1"),
            processing_time_ms=800,
        )
