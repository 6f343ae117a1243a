"""Wait for insights by reading the newest ones repeatedly, not each one by its id.

At most ``MOST_WATCHED`` conversations are waited for at one time, which limits the memory. Above
that number, the measured times are those of a sample.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from scripts.load.service import Service
from scripts.load.tally import Tally

MOST_WATCHED: Final = 20_000
LATE_SECONDS: Final = 10.0
"""An insight may be saved this many seconds after its time, so it can be below newer ones in the
list.
"""

MOST_PAGES: Final = 20
STALLED_POLLS: Final = 4

Insight = dict[str, Any]


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
    waiting: dict[str, float] = field(default_factory=dict)
    unwatched: int = 0
    newest: float = 0.0
    stalled: int = 0

    def expect(self, identity: str, began: float) -> None:
        """Wait for the insight of a conversation that was sent at this time."""
        if len(self.waiting) >= MOST_WATCHED:
            self.unwatched += 1
        else:
            self.waiting[identity] = began

    async def poll_until(self, done: Callable[[], bool], poll_seconds: float) -> None:
        """Read insights repeatedly until ``done``."""
        while not done():
            await asyncio.sleep(poll_seconds)
            if self.waiting:
                await self.look()

    async def look(self) -> None:
        """Read the newest insights, back to those of the previous read, or all if none came."""
        before = len(self.waiting)
        is_stalled = self.stalled >= STALLED_POLLS
        horizon = 0.0 if is_stalled else self.newest - LATE_SECONDS
        await self._read_back_to(horizon, MOST_PAGES * 10 if is_stalled else MOST_PAGES)
        self.stalled = 0 if is_stalled or len(self.waiting) < before else self.stalled + 1

    async def _read_back_to(self, horizon: float, most_pages: int) -> None:
        cursor: str | None = None
        for _ in range(most_pages):
            page = await self.service.page(cursor)
            if page is None or not page["items"]:
                return
            for insight in page["items"]:
                self._found(insight)
            cursor = page["next_cursor"]
            if cursor is None or not self.waiting or self._time(page["items"][-1]) < horizon:
                return

    def _found(self, insight: Insight) -> None:
        made = self._time(insight)
        self.newest = max(self.newest, made)
        began = self.waiting.pop(insight["id"], None)
        if began is not None:
            # The clock of another machine may differ: then the time of reading counts.
            at = made if self.is_same_clock else self.clock()
            failed = insight["status"] == "failed"
            self.tally.arrived(max(at - began, 0.0), at, failed=failed)

    def _time(self, insight: Insight) -> float:
        """Return when an insight was made, in seconds from the start of the test."""
        return datetime.fromisoformat(insight["created_at"]).timestamp() - self.started
