"""The items of the State table that stop calls or pace them, by their ids.

=================  ==========================================================================
item               holds
=================  ==========================================================================
``batch_size``     ``size``: the adaptive batch size
``circuit#grok``   Powertools' circuit breaker, and ``reason`` where a wrong setting opened it
``pause``          ``since`` (RFC 3339), ``reason``: an operator stopped the analysis
``credits``        ``since``, ``until`` (epoch seconds), ``detail``, and ``trial``, the one that
                   tries whether the team has credits again
``storage``        the same, where insights could not be saved
``spend#DAY``      ``ticks``: spent and reserved on that day, where there is a budget, and the
                   ticks of each reservation that is not settled yet, under its own name
``pace``           ``next_us``: the first free starting time, epoch microseconds
=================  ==========================================================================
"""

from __future__ import annotations

from typing import Final

BATCH_SIZE: Final = "batch_size"
CIRCUIT: Final = "circuit#grok"
PAUSE: Final = "pause"
PACE: Final = "pace"


def spend(day: str) -> str:
    """Return the id of the item of a day's spending."""
    return f"spend#{day}"
