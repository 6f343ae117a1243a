"""Wait for insights by reading lists of them repeatedly, not each one by its id.

The lists are filed under the time at which conversations took place. So the watch reads the time
between the first and the last conversation that it waits for, a few pages at a time. At most
``MOST_WATCHED`` conversations are waited for at one time, which limits the memory. Above that
number, the measured times are those of a sample.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from scripts.load.conversations import Conversation
from scripts.load.service import Service
from scripts.load.tally import Tally

MOST_WATCHED: Final = 20_000
PAGES: Final = 5
PAGES_IF_STALLED: Final = 20
"""Pages that one look reads; the second if the look before found none of the insights."""

Insight = dict[str, Any]


class Expected(NamedTuple):
    """A conversation without its insight.

    ``began`` is in seconds from the start of the test. It took place from ``first`` to ``last``,
    RFC 3339: the first and the last time of its request.
    """

    began: float
    first: str
    last: str


@dataclass(slots=True)
class Watch:
    """Wait for insights.

    ``clock`` is in seconds from the start of the test, which is ``started`` (epoch).
    """

    service: Service
    tally: Tally
    clock: Callable[[], float]
    started: float
    is_same_clock: bool
    waiting: dict[str, Expected] = field(default_factory=dict)
    unwatched: int = 0
    is_stalled: bool = False
    _window: dict[str, str] = field(default_factory=dict)
    _cursor: str | None = None

    def expect(self, external_id: str, began: float, batch: Sequence[Conversation]) -> None:
        """Wait for the insight of a conversation that was sent at this time, with others."""
        if len(self.waiting) >= MOST_WATCHED:
            self.unwatched += 1
        else:
            times = batch[0]["occurred_at"], batch[-1]["occurred_at"]
            self.waiting[external_id] = Expected(began, *times)

    async def poll_until(self, done: Callable[[], bool], poll_seconds: float) -> None:
        """Read insights repeatedly until ``done``."""
        while not done():
            await asyncio.sleep(poll_seconds)
            if self.waiting:
                await self.look()

    async def look(self) -> None:
        """Read the next pages; after the last one, begin again with the present window."""
        before = len(self.waiting)
        for _ in range(PAGES_IF_STALLED if self.is_stalled else PAGES):
            if self._cursor is None:
                self._window = self._waited_for()
            page = await self.service.page(self._window, self._cursor)
            self._cursor = page["next_cursor"] if page else None
            for insight in page["items"] if page else ():
                self._found(insight)
            if self._cursor is None or not self.waiting:
                break
        self.is_stalled = len(self.waiting) == before

    def _waited_for(self) -> dict[str, str]:
        """Return the times between which the conversations without insights took place."""
        last = datetime.fromisoformat(max(one.last for one in self.waiting.values()))
        end = last + timedelta(milliseconds=1)
        first = min(one.first for one in self.waiting.values())
        return {"from": first, "to": end.isoformat(timespec="milliseconds")}

    def _found(self, insight: Insight) -> None:
        expected = self.waiting.pop(insight.get("external_id", ""), None)
        if expected is not None:
            # The clock of another machine may differ: then the time of reading counts.
            at = self._time(insight) if self.is_same_clock else self.clock()
            failed = insight["status"] == "failed"
            self.tally.arrived(max(at - expected.began, 0.0), at, failed=failed)

    def _time(self, insight: Insight) -> float:
        """Return when an insight was made, in seconds from the start of the test."""
        return datetime.fromisoformat(insight["created_at"]).timestamp() - self.started
