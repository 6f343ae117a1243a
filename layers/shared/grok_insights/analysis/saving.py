"""Saves the insights of a wave, and retries for some time, since the answers are paid for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from grok_insights.aws.ledger import SaveResult

if TYPE_CHECKING:
    from grok_insights.aws.ledger import Entry, Ledger

WAITS_SECONDS: Final = (0.2, 0.8)
"""Waits before each retry. The client and the ledger make retries of their own."""

RESENDING_SECONDS: Final = 1.0
"""Time reserved to send messages again before the function's timeout."""


@dataclass(frozen=True, slots=True)
class Saver:
    """Saves insights and their counters with the ledger."""

    ledger: Ledger
    sleep: Callable[[float], None] = time.sleep

    def save(self, entries: Sequence[Entry], remaining_seconds: Callable[[], float]) -> SaveResult:
        """Save all entries and return the result. Retry as long as the function has time."""
        result = self.ledger.save(entries)
        for wait in WAITS_SECONDS:
            if not result.unsaved or remaining_seconds() < wait + RESENDING_SECONDS:
                break
            self.sleep(wait)
            result = _combined(result, self.ledger.save(result.unsaved))
        return result


def _combined(first: SaveResult, second: SaveResult) -> SaveResult:
    """Return the result of both tries. The second one was made with the unsaved of the first."""
    return SaveResult(
        saved=first.saved | second.saved,
        refused=first.refused | second.refused,
        unreadable=first.unreadable | second.unreadable,
        unstorable=first.unstorable | second.unstorable,
        unsaved=second.unsaved,
    )
