"""What becomes of a conversation whose call failed: the one rule from error to fate. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from grok_insights.errors import (
    AnalysisError,
    ConfigurationError,
    CreditsError,
    PermanentError,
    UnusableAnswer,
)
from grok_insights.flow import backoff


class Fate(StrEnum):
    """What is done with a conversation."""

    RETRY = "retry"
    """Sent again, with the next attempt."""
    DEFER = "defer"
    """Sent again, with the same attempt: the failure was not about this conversation."""
    FAIL = "fail"
    """A failed insight: Grok will never analyse it."""
    GIVE_UP = "give_up"
    """A failed insight and a dead letter: each attempt failed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A fate, and for a message that is sent again the seconds until it may be received."""

    fate: Fate
    delay_seconds: int = 0


def of_error(
    error: AnalysisError, *, attempt: int, max_attempts: int, hold_seconds: float, random: float
) -> Verdict:
    """The verdict on the ``attempt``-th call.

    ``hold_seconds`` says how long calls are stopped now that the wave has ended, 0 where they are
    not. A failure that goes with a stop is the outage's, and costs the conversation no attempt;
    but an unusable answer was one of Grok's, and was billed.
    """
    if isinstance(error, PermanentError):
        return Verdict(Fate.FAIL)
    if isinstance(error, ConfigurationError | CreditsError):
        return Verdict(Fate.DEFER, backoff.held_back_seconds(hold_seconds, random))
    if hold_seconds and not isinstance(error, UnusableAnswer):
        return Verdict(Fate.DEFER, backoff.held_back_seconds(hold_seconds, random))
    if attempt >= max_attempts:
        return Verdict(Fate.GIVE_UP)
    return Verdict(
        Fate.RETRY, backoff.retry_delay_seconds(attempt, error.retry_after_seconds, random)
    )
