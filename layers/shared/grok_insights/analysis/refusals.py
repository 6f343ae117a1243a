"""Whether a refusal is about one conversation, or about all of them: then it is a wrong setting.

Grok names some reasons why it analyses a conversation never; the rest is guessed from a status.
A change on either side can make it refuse every conversation, which must not end them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from grok_insights.analysis.calls import Call
from grok_insights.errors import AnalysisError, ConfigurationError, PermanentError, TransientError

REFUSED_ALIKE: Final = 5
"""Conversations refused with the same code, one after another, that make it a wrong setting."""


@dataclass(slots=True)
class Refusals:
    """The refusals of this environment since Grok answered last about a conversation."""

    code: str = ""
    ids: set[str] = field(default_factory=set)

    def count(self, calls: Sequence[Call]) -> list[Call]:
        """Add a wave, and return those of its refusals that may be about all conversations.

        None of them may where Grok answered another call of the wave. Nor may a refusal that the
        conversation met before, since Grok answered a probe in between.
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
        """The wrong setting that the refusals add up to; None where they are too few."""
        if len(self.ids) < REFUSED_ALIKE:
            return None
        message = f"Grok refused {len(self.ids)} conversations in a row alike"
        return ConfigurationError(self.code, message)

    def clear(self) -> None:
        """Forget all refusals."""
        self.code, self.ids = "", set()


def is_answered(call: Call) -> bool:
    """Whether there is a usable answer."""
    return call.outcome is not None and not isinstance(call.outcome, AnalysisError)


def as_setting(call: Call) -> Call:
    """A refused call as one that met a wrong setting: it costs the conversation no attempt."""
    error = _error(call)
    return replace(call, outcome=ConfigurationError(error.code, error.message, **_cost(error)))


def as_attempt(call: Call) -> Call:
    """A refused call as one that failed: nothing shows whose fault it is."""
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
