"""Saves what a wave found: tried again for a while, since the answers in it are paid for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from grok_insights.aws.ledger import SaveResult

if TYPE_CHECKING:
    from grok_insights.aws.ledger import Entry, Ledger

WAITS_SECONDS: Final = (0.2, 0.8)
"""Before each further try, on top of what the client and the ledger try by themselves."""

KEPT_SECONDS: Final = 1.0
"""Kept free of waiting, for sending messages back before the function's deadline."""


@dataclass(frozen=True, slots=True)
class Saver:
    """Saves insights and their counters by the ledger."""

    ledger: Ledger
    sleep: Callable[[float], None] = time.sleep

    def save(self, entries: Sequence[Entry], remaining_seconds: Callable[[], float]) -> SaveResult:
        """Save all entries, trying again as long as the function's time allows."""
        result = self.ledger.save(entries)
        for wait in WAITS_SECONDS:
            if not result.unsaved or remaining_seconds() < wait + KEPT_SECONDS:
                break
            self.sleep(wait)
            result = _together(result, self.ledger.save(result.unsaved))
        return result


def _together(first: SaveResult, second: SaveResult) -> SaveResult:
    """What came of entries after the second try, which was about the unsaved ones of the first."""
    return SaveResult(
        saved=first.saved | second.saved,
        superseded=first.superseded | second.superseded,
        unreadable=first.unreadable | second.unreadable,
        unsaved=second.unsaved,
    )
