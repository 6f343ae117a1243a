"""Analyses one conversation with a profile that is not stored, and stores nothing of either.

The call is admitted like the calls of a job: within the pace and the budget, after new
conversations, and only while calls are not paused. It is never a probe or the trial of a pause.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from grok_insights.analysis.admission import Delay
from grok_insights.analysis.containment import contained
from grok_insights.analysis.report import BatchReport, Report, emit, totals_of
from grok_insights.aws.queue import Message
from grok_insights.aws.worklist import Work
from grok_insights.domain.conversation import Conversation, transcript
from grok_insights.domain.profile import Profile
from grok_insights.domain.segments import ActiveProfile, segment_values
from grok_insights.errors import AnalysisError
from grok_insights.flow.pauses import PROBE_DELAY_SECONDS, REASONS, Reason, needs_probe

if TYPE_CHECKING:
    from grok_insights.analysis.admission import AdmissionControl
    from grok_insights.analysis.calls import Call, Caller
    from grok_insights.analysis.feedback import Feedback
    from grok_insights.analysis.new_insights import NewInsights
    from grok_insights.aws.state.counters import StateCounters
    from grok_insights.domain.insight import Insight
    from grok_insights.domain.preview import NewPreview
    from grok_insights.flow.pauses import WorkerState

CALL_SECONDS: Final = 18.0
"""The longest call of a preview, also if the timeout of other calls is longer."""

LONGEST_SECONDS: Final = 23.0
"""The longest preview. API Gateway waits for 29 seconds, and an environment may have to start."""

NO_VERSION: Final = 1
"""The version of a profile that has none. Nothing of it is returned."""


@dataclass(frozen=True, slots=True)
class PreviewAnalysis:
    """The use case."""

    admission_control: AdmissionControl
    caller: Caller
    feedback: Feedback
    insights: NewInsights
    counters: StateCounters
    now: Callable[[], datetime]
    random_id: Callable[[], UUID]

    def __call__(self, new: NewPreview, remaining_seconds: float) -> Insight | Delay:
        """Return the insight, which is a failed one if Grok gives no usable answer.

        Return a delay if no call may start now.
        """
        state = self._state()
        if isinstance(state, Delay):
            return state
        conversation = self._conversation(new)
        active = _active(new, conversation)
        admission = self.admission_control.admit(
            replace(state, active=active),
            [conversation.text],
            1,
            min(remaining_seconds, LONGEST_SECONDS),
            is_rework=True,
        )
        if isinstance(admission, Delay):
            return admission
        work = Work(Message(conversation.id, 1, self.now()), conversation)
        [call] = self.caller.wave([work], admission.start_times, active)
        self.feedback.learn([call], admission)
        self._publish(call, state)
        return self._insight(call)

    def _state(self) -> WorkerState | Delay:
        """Return the shared state, or a delay if it allows no call or only a trial."""
        state = self.admission_control.refresh()
        if isinstance(state, Delay):
            return state
        if needs_probe(state):
            return Delay(PROBE_DELAY_SECONDS, Reason.CIRCUIT_OPEN)
        if state.timed_pauses:
            return Delay(PROBE_DELAY_SECONDS, REASONS[state.timed_pauses[0].name])
        if self.admission_control.local.until:
            return Delay(PROBE_DELAY_SECONDS, Reason.STORAGE)
        return state

    def _conversation(self, new: NewPreview) -> Conversation:
        sent, now = new.conversation, self.now()
        return Conversation(
            id=str(self.random_id()),
            text=sent.text or transcript(sent.turns),
            created_at=now,
            occurred_at=now,
            metadata=sent.metadata,
            turns=sent.turns,
        )

    def _publish(self, call: Call, state: WorkerState) -> None:
        """Count the call in the metrics and the running totals, like those of batches."""
        changes = tuple(self.caller.circuit.changes())
        report = BatchReport(
            0, None, Report(calls=(call,)), state.batch_size, circuit_changes=changes
        )
        with contained("the running totals miss a preview"):
            self.counters.add_totals(totals_of(report))
        emit(report, self.now())

    def _insight(self, call: Call) -> Insight | Delay:
        if call.outcome is None:
            return Delay(PROBE_DELAY_SECONDS, Reason.CIRCUIT_OPEN)
        if isinstance(call.outcome, AnalysisError):
            return self.insights.failed(call, call.outcome, gave_up=False)
        return self.insights.completed(call, call.outcome)


def _active(new: NewPreview, conversation: Conversation) -> ActiveProfile:
    """Return the profile, with the segments of the conversation as known values."""
    profile = Profile(version=NO_VERSION, **dict(new.profile))
    values = segment_values(conversation, profile)
    return ActiveProfile(profile, {name: frozenset({value}) for name, value in values.items()})
