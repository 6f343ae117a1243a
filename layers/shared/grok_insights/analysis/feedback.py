"""Updates the shared state after a wave: corrects the budget, and pauses or resumes calls."""

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
"""How long no function starts a call after a rate limit. Grok's limit is per second."""

TROUBLE: Final = (TransientError, ConfigurationError, CreditsError)
"""Errors that may come from Grok's state, unlike a refusal of one conversation."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """Changes the shared state. If one step fails, the other steps still run."""

    admission_control: AdmissionControl

    def learn(self, calls: Sequence[CallResult], admission: Admission) -> None:
        """Correct the budget by the calls' cost, and pause or resume calls by their outcomes."""
        with contained("a day's spending was not corrected"):
            self.admission_control.settle(admission, sum(call.cost.ticks for call in calls))
        with contained("the pause for used-up credits was not started or ended"):
            self._pause_for_credits(calls, admission)
        with contained("the pace was not slowed down"):
            self._slow_down(calls)

    def resume_storage(self, admission: Admission | None) -> None:
        """End the pause for storage if this wave was its trial: an insight was saved."""
        self.admission_control.local.until = 0.0
        if admission is not None:
            with contained("the pause for storage was not ended"):
                self._end(PauseName.STORAGE, admission)

    def pause_seconds(self, calls: Sequence[CallResult]) -> float:
        """Return how long calls are paused after a wave, as far as its calls show; 0 if not."""
        circuit_seconds = self._circuit_seconds()
        if any(isinstance(call.outcome, CreditsError) for call in calls):
            return max(self.admission_control.credits_retry_seconds, circuit_seconds)
        return circuit_seconds

    def _circuit_seconds(self) -> float:
        """Return how long the circuit pauses calls, as this environment knows it; 0 if closed."""
        control = self.admission_control
        circuit = control.circuit.view()
        if circuit.state is CircuitState.CLOSED:
            return 0.0
        now = control.now().timestamp()
        return max(circuit.opens_for_seconds(control.limits.recovery_seconds, now), 1.0)

    def _pause_for_credits(self, calls: Sequence[CallResult], admission: Admission) -> None:
        control = self.admission_control
        if any(isinstance(call.outcome, CreditsError) for call in calls):
            now = control.now().timestamp()
            control.pauses.pause(PauseName.CREDITS, now, now + control.credits_retry_seconds)
        elif any(map(_was_accepted, calls)):
            self._end(PauseName.CREDITS, admission)

    def _end(self, name: PauseName, admission: Admission) -> None:
        for trial in admission.trials:
            if trial.name is name:
                self.admission_control.pauses.end_pause(trial)

    def _slow_down(self, calls: Sequence[CallResult]) -> None:
        """Reserve the next seconds of the timetable if Grok's rate limit was reached."""
        control = self.admission_control
        errors = [call.outcome for call in calls if isinstance(call.outcome, AnalysisError)]
        limited = [error for error in errors if error.code in RATE_LIMITED]
        if not limited or control.limits.pace is None:
            return
        retry_after = max(error.retry_after_seconds or 0.0 for error in limited)
        now = control.now().timestamp()
        instant = now + max(retry_after, SLOW_DOWN_SECONDS)
        control.timetable.leave_free_until(instant, control.limits.pace, now)


def is_trouble(call: CallResult) -> bool:
    """Return whether the outcome of a call is a reason to make fewer calls concurrently."""
    return isinstance(call.outcome, (*TROUBLE, type(None)))


def _was_accepted(call: CallResult) -> bool:
    """Return whether Grok accepted the call: it answered, or refused only this conversation."""
    return call.outcome is not None and (
        not isinstance(call.outcome, AnalysisError) or isinstance(call.outcome, PermanentError)
    )
