"""What a wave's calls teach: the budget is corrected, and calls are paused or may go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from grok_insights.analysis.calls import CallResult
from grok_insights.analysis.containment import contained
from grok_insights.errors import (
    AnalysisError,
    ConfigurationError,
    CreditsError,
    PermanentError,
    TransientError,
)
from grok_insights.flow.pauses import CircuitState, PauseName

if TYPE_CHECKING:
    from grok_insights.analysis.admission import Admission, AdmissionControl

RATE_LIMITED: Final = ("rate_limited", "at_capacity")
SLOW_DOWN_SECONDS: Final = 1.0
"""Grok's limit is per second: after meeting it, no function starts a call for so long."""

TROUBLE: Final = (TransientError, ConfigurationError, CreditsError)
"""Errors that say something about Grok, unlike a refusal of one conversation."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """Changes the shared state. A step that fails takes no other step with it."""

    admission_control: AdmissionControl

    def learn(self, calls: Sequence[CallResult], admission: Admission) -> None:
        """Correct the budget by what the calls cost, and pause or resume calls by their errors."""
        with contained("a day's spending was not corrected"):
            self.admission_control.settle(admission, sum(call.cost.ticks for call in calls))
        with contained("credits were not noted as used up, or as back"):
            self._pause_for_credits(calls, admission)
        with contained("the pace was not slowed down"):
            self._slow_down(calls)

    def storage_works(self, admission: Admission | None) -> None:
        """Note that an insight was saved, and end the pause that this wave was the trial of."""
        self.admission_control.local.until = 0.0
        if admission is not None:
            with contained("the pause for storage was not ended"):
                self._end(PauseName.STORAGE, admission)

    def hold_seconds(self, calls: Sequence[CallResult]) -> float:
        """How long calls are stopped after a wave, as far as it shows; 0 where they are not."""
        resting = self._resting_seconds()
        if any(isinstance(call.outcome, CreditsError) for call in calls):
            return max(self.admission_control.credits_retry_seconds, resting)
        return resting

    def _resting_seconds(self) -> float:
        """How long the circuit keeps calls from starting, as far as this environment knows."""
        control = self.admission_control
        view = control.circuit.view()
        if view.state is CircuitState.CLOSED:
            return 0.0
        rest = view.opens_for_seconds(control.limits.recovery_seconds, control.now().timestamp())
        return max(rest, 1.0)

    def _pause_for_credits(self, calls: Sequence[CallResult], admission: Admission) -> None:
        control = self.admission_control
        if any(isinstance(call.outcome, CreditsError) for call in calls):
            now = control.now().timestamp()
            control.pauses.pause(PauseName.CREDITS, now, now + control.credits_retry_seconds)
        elif any(map(_is_paid, calls)):
            self._end(PauseName.CREDITS, admission)

    def _end(self, name: PauseName, admission: Admission) -> None:
        for trial in admission.trials:
            if trial.name is name:
                self.admission_control.pauses.end_pause(trial)

    def _slow_down(self, calls: Sequence[CallResult]) -> None:
        """Let no function start a call for some seconds where Grok's rate limit was met."""
        control = self.admission_control
        errors = [call.outcome for call in calls if isinstance(call.outcome, AnalysisError)]
        limited = [error for error in errors if error.code in RATE_LIMITED]
        if not limited or control.limits.pace is None:
            return
        asked = max(error.retry_after_seconds or 0.0 for error in limited)
        now = control.now().timestamp()
        instant = now + max(asked, SLOW_DOWN_SECONDS)
        control.timetable.leave_free_until(instant, control.limits.pace, now)


def is_trouble(call: CallResult) -> bool:
    """Whether a call's end is a reason to make fewer calls side by side."""
    return isinstance(call.outcome, (*TROUBLE, type(None)))


def _is_paid(call: CallResult) -> bool:
    """Whether Grok took the call on: it answered, or refused this conversation alone."""
    return call.outcome is not None and (
        not isinstance(call.outcome, AnalysisError) or isinstance(call.outcome, PermanentError)
    )
