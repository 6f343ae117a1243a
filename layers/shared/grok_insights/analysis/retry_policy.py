"""What becomes of a conversation whose call failed: the one rule from error to action. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from grok_insights.errors import (
    AnalysisError,
    ConfigurationError,
    CreditsError,
    PermanentError,
    UnusableAnswer,
)
from grok_insights.flow import backoff

MAX_LAST_ATTEMPT_REPEATS: Final = 3
"""How often a last attempt that failed together with an outage is given once more. It has an end,
since conversations that fail by themselves can open the circuit too, if they are many."""


class RetryAction(StrEnum):
    """What is done with a conversation."""

    RETRY = "retry"
    """Sent again, with the next attempt."""
    DEFER = "defer"
    """Sent again as it was: it was not called, or no call could have succeeded."""
    REPEAT_LAST_ATTEMPT = "repeat_last_attempt"
    """Sent again, with the last attempt once more: it failed together with an outage."""
    FAIL = "fail"
    """A failed insight: Grok will never analyse it."""
    GIVE_UP = "give_up"
    """A failed insight and a dead letter: each attempt failed."""


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """An action, and for a message that is sent again the seconds until it may be received."""

    action: RetryAction
    delay_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Attempts:
    """The call was attempt ``attempt`` of ``most``; the last one was repeated so often."""

    attempt: int
    most: int
    repeated_last_attempt: int = 0


def decide(
    error: AnalysisError, tries: Attempts, hold_seconds: float, random: float
) -> RetryDecision:
    """Return what to do with a conversation whose call failed.

    ``hold_seconds`` says how long calls are stopped now that the wave has ended, 0 where they are
    not. A last attempt with an unusable answer is never repeated: Grok was there, and billed it.
    """
    if isinstance(error, PermanentError):
        return RetryDecision(RetryAction.FAIL)
    if isinstance(error, ConfigurationError | CreditsError):
        return RetryDecision(RetryAction.DEFER, backoff.held_back_seconds(hold_seconds, random))
    held = backoff.held_back_seconds(hold_seconds, random) if hold_seconds else 0
    if tries.attempt < tries.most:
        delay = backoff.retry_delay_seconds(tries.attempt, error.retry_after_seconds, random)
        return RetryDecision(RetryAction.RETRY, max(delay, held))
    if (
        held
        and tries.repeated_last_attempt < MAX_LAST_ATTEMPT_REPEATS
        and not isinstance(error, UnusableAnswer)
    ):
        return RetryDecision(RetryAction.REPEAT_LAST_ATTEMPT, held)
    return RetryDecision(RetryAction.GIVE_UP)
