"""The retry policy: which action follows the error of a failed call. Pure."""

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
"""How often the last attempt is repeated if it failed during an outage. The number is limited,
since many conversations that fail by themselves can open the circuit too."""


class RetryAction(StrEnum):
    """The action for a conversation after a call."""

    RETRY = "retry"
    """Send the message again with the next attempt."""
    DEFER = "defer"
    """Send the message again unchanged: no call was made, or no call could have succeeded."""
    REPEAT_LAST_ATTEMPT = "repeat_last_attempt"
    """Send the message again with the same, last attempt: it failed during an outage."""
    FAIL = "fail"
    """Save a failed insight: Grok never analyses this conversation."""
    GIVE_UP = "give_up"
    """Save a failed insight and send a dead letter: each attempt failed."""


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """An action, and the delay of a message that is sent again."""

    action: RetryAction
    delay_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Attempts:
    """The call was attempt ``attempt`` of ``most``, counted from 1.

    ``repeated_last_attempt`` is how often the last attempt was repeated.
    """

    attempt: int
    most: int
    repeated_last_attempt: int = 0


def decide(
    error: AnalysisError, attempts: Attempts, pause_seconds: float, random: float
) -> RetryDecision:
    """Return the decision for a conversation whose call failed.

    ``pause_seconds`` says how long calls are paused after the wave; 0 if they are not paused. A
    last attempt with an unusable answer is never repeated: Grok was available and billed the call.
    """
    if isinstance(error, PermanentError):
        return RetryDecision(RetryAction.FAIL)
    if isinstance(error, ConfigurationError | CreditsError):
        return RetryDecision(RetryAction.DEFER, backoff.deferral_seconds(pause_seconds, random))
    pause_delay = backoff.deferral_seconds(pause_seconds, random) if pause_seconds else 0
    if attempts.attempt < attempts.most:
        delay = backoff.retry_delay_seconds(attempts.attempt, error.retry_after_seconds, random)
        return RetryDecision(RetryAction.RETRY, max(delay, pause_delay))
    if (
        pause_delay
        and attempts.repeated_last_attempt < MAX_LAST_ATTEMPT_REPEATS
        and not isinstance(error, UnusableAnswer)
    ):
        return RetryDecision(RetryAction.REPEAT_LAST_ATTEMPT, pause_delay)
    return RetryDecision(RetryAction.GIVE_UP)
