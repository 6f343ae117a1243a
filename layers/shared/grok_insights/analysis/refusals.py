"""Finds out whether refusals concern single conversations or all of them, by a wrong setting.

Grok names some reasons for which it never analyses a conversation. Other reasons are guessed from
the HTTP status. A change in Grok or in this product can make Grok refuse every conversation. In
that case the conversations must not end as failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from grok_insights.analysis.calls import Call
from grok_insights.errors import AnalysisError, ConfigurationError, PermanentError, TransientError

REFUSED_ALIKE: Final = 5
"""So many conversations in a row, refused with the same code, show a wrong setting."""


@dataclass(slots=True)
class Refusals:
    """The refusals in this execution environment since Grok's last answer about a conversation."""

    code: str = ""
    ids: set[str] = field(default_factory=set)

    def count(self, calls: Sequence[Call]) -> list[Call]:
        """Count the refusals of a wave, and return those that may concern all conversations.

        If Grok answered another call of the wave, none of them does. A refusal that the same
        conversation met before does not either, since Grok answered a probe in between.
        """
        if any(is_answered(call) for call in calls):
            self.clear()
            return []
        doubtful = [call for call in calls if _is_new_refusal(call)]
        for call in doubtful:
            code = _code(call)
            if code != self.code:
                self.code, self.ids = code, set()
            self.ids.add(call.work.message.conversation_id)
        return doubtful

    def fault(self) -> ConfigurationError | None:
        """Return the error of a wrong setting; None if there are too few refusals."""
        if len(self.ids) < REFUSED_ALIKE:
            return None
        message = f"Grok refused {len(self.ids)} conversations in a row for the same reason"
        return ConfigurationError(self.code, message)

    def clear(self) -> None:
        """Forget all refusals."""
        self.code, self.ids = "", set()


def is_answered(call: Call) -> bool:
    """Return whether Grok gave a usable answer."""
    return call.outcome is not None and not isinstance(call.outcome, AnalysisError)


def as_setting(call: Call) -> Call:
    """Return a refused call as one that a wrong setting caused, which uses no attempt."""
    error = _error(call)
    return replace(call, outcome=ConfigurationError(error.code, error.message, **_cost(error)))


def as_attempt(call: Call) -> Call:
    """Return a refused call as a failed attempt, since the cause is not known."""
    error = _error(call)
    return replace(call, outcome=TransientError(error.code, error.message, **_cost(error)))


def _is_new_refusal(call: Call) -> bool:
    is_refusal = isinstance(call.outcome, PermanentError)
    return is_refusal and call.work.message.known_error != _code(call)


def _error(call: Call) -> AnalysisError:
    if not isinstance(call.outcome, AnalysisError):
        raise TypeError("the call did not fail")
    return call.outcome


def _code(call: Call) -> str:
    return _error(call).code


def _cost(error: AnalysisError) -> dict[str, int]:
    return {"tokens": error.tokens, "cost_ticks": error.cost_ticks}
