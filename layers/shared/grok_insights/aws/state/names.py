"""The ids of the items of the State table that pause calls or limit their rate.

=================  ==========================================================================
item               attributes
=================  ==========================================================================
``batch_size``     ``size``: the adaptive batch size
``circuit#grok``   Powertools' circuit breaker, and ``reason`` if a wrong setting opened it
``pause``          ``since`` (RFC 3339), ``reason``: an operator paused the analysis
``credits``        ``since``, ``until`` (epoch seconds), ``detail``, and ``trial``, the token of
                   the trial that finds out whether the team has credits again
``storage``        the same, after insights could not be saved
``spend#DAY``      ``ticks``: spent and reserved on that day, if there is a budget, and the
                   ticks of each open reservation, under the reservation's id
``pace``           ``next_us``: the first free start time, in epoch microseconds
``profile``        ``active`` and ``newest``: versions of the profile
``profile#N``      ``document`` (JSON), ``note`` and ``created_at`` of a version; never changed
``segment#NAME``   ``seen``: the known values of a segment, a set of texts
``proposals``      ``topic:NAME``: how often Grok proposed a topic
``alerts``         ``document`` (JSON): the alert rules, the alerts and their unsent events; and
                   ``revision``, which grows with each change
``new_first``      ``until`` (epoch seconds): jobs make no calls, as new conversations wait
``job#JOB…``       outcomes of a job's conversations: see `job_outcomes`
=================  ==========================================================================
"""

from __future__ import annotations

from typing import Final

ALERTS: Final = "alerts"
BATCH_SIZE: Final = "batch_size"
CIRCUIT: Final = "circuit#grok"
PAUSE: Final = "pause"
PACE: Final = "pace"
PROFILE: Final = "profile"
PROPOSALS: Final = "proposals"
NEW_FIRST: Final = "new_first"


def spend(day: str) -> str:
    """Return the id of the item for a day's spending. ``day`` is like ``2026-11-23``."""
    return f"spend#{day}"


def profile_version(version: int) -> str:
    """Return the id of the item of a version of the profile."""
    return f"profile#{version}"


def job(job_id: str) -> str:
    """Return the id of the item that says whether a job runs."""
    return f"job#{job_id}"


def job_outcomes(job_id: str, shard: int) -> str:
    """Return the id of an item with counts of a job."""
    return f"job#{job_id}#outcomes#{shard}"


def job_conversation(job_id: str, conversation_id: str) -> str:
    """Return the id of the item with the outcome of a conversation in a job."""
    return f"job#{job_id}#{conversation_id}"


def segment(name: str) -> str:
    """Return the id of the item with the known values of a segment."""
    return f"segment#{name}"
