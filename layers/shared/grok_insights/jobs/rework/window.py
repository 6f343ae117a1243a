"""How many messages of a slice may be without an outcome. Pure.

A job uses what new conversations leave, as LEDBAT does for networks (RFC 6817): what delays the
job's own messages delays new conversations too, so the job then sends fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MOST_DELAY_SECONDS: Final = 0.5
"""How much longer than the shortest wait messages may wait before the window shrinks."""


@dataclass(slots=True)
class Window:
    """A number of messages from 1 to ``largest``. It begins with 1."""

    largest: int
    size: int = 1
    shortest_seconds: float | None = None

    def learn(self, waits: Sequence[float], *, all_ended: bool) -> None:
        """Grow by one, or shrink to half if messages were delayed.

        Parameters
        ----------
        waits : Sequence of float
            How long messages waited for their calls, in seconds.
        all_ended : bool
            Whether no message is still without an outcome. One that is counts as delayed.
        """
        known = [*waits] if self.shortest_seconds is None else [*waits, self.shortest_seconds]
        self.shortest_seconds = min(known, default=None)
        longest = max(waits, default=0.0) - (self.shortest_seconds or 0.0)
        if all_ended and longest <= MOST_DELAY_SECONDS:
            self.size = min(self.largest, self.size + 1)
        else:
            self.size = max(1, self.size // 2)
