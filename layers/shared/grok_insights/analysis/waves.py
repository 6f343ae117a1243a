"""Processes a batch in waves, one after another: admit, call, evaluate and end.

Conversations that may have ended the function are processed last. Each is in a wave of its own and
has a mark in the State table, so that one that ends the function again is recognised and does not
affect the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from grok_insights.analysis import batch_size, refusals
from grok_insights.analysis.admission import AWS_RETRY_SECONDS, Admission, Delay
from grok_insights.analysis.containment import contained
from grok_insights.analysis.feedback import is_trouble
from grok_insights.analysis.progress import Progress
from grok_insights.analysis.refusals import Refusals
from grok_insights.analysis.report import Report
from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.errors import AnalysisError, ConfigurationError, TransientError
from grok_insights.flow.pauses import PROBE_DELAY_SECONDS, Reason
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.analysis.admission import AdmissionControl
    from grok_insights.analysis.batch_size import BatchSizeLimits
    from grok_insights.analysis.calls import Call, Caller, CallResult
    from grok_insights.analysis.feedback import Feedback
    from grok_insights.analysis.outcomes import Outcomes
    from grok_insights.analysis.requeue import Requeue
    from grok_insights.aws.state.crash_marks import CrashMarks
    from grok_insights.aws.state.segment_values import SegmentValues
    from grok_insights.aws.worklist import Work
    from grok_insights.domain.profile import Profile
    from grok_insights.domain.segments import ActiveProfile
    from grok_insights.flow.pauses import WorkerState

MAX_OWN_CRASHES: Final = 2
"""How often a conversation that is called alone may end the function before it fails."""


@dataclass(frozen=True, slots=True)
class Waves:
    """Processes a batch."""

    admission_control: AdmissionControl
    caller: Caller
    feedback: Feedback
    outcomes: Outcomes
    requeue: Requeue
    crash_marks: CrashMarks
    segment_values: SegmentValues
    limits: BatchSizeLimits
    refusals: Refusals = field(default_factory=Refusals)

    def run(self, progress: Progress) -> Report:
        """Process all conversations, and send the messages again that must wait.

        Return the report on the batch.
        """
        remaining = progress.remaining_seconds()
        if progress.left() and self.admission_control.room_seconds(remaining) < 0:
            logger.error("the function's timeout leaves no time for even one call to Grok")
            self._stop(progress, Delay(AWS_RETRY_SECONDS))
        continues = True
        while continues and progress.left():
            continues = False
            with contained("a wave did not end: its messages are delivered again"):
                continues = self._step(progress)
        ids = frozenset(work.message.conversation_id for work in progress.left())
        return progress.report + Report(redelivered=ids)

    def _step(self, progress: Progress) -> bool:
        """Process one wave or probe, and return True.

        If no call may start, send all messages that are left again and return False.
        """
        state = progress.worker_state or self.admission_control.refresh()
        progress.worker_state = None
        if not isinstance(state, Delay):
            state = self._with_segments(progress, state)
        if isinstance(state, Delay):
            return self._stop(progress, state)
        admission = self._admit(progress, state)
        if isinstance(admission, Delay):
            return self._stop(progress, admission)
        if admission.is_probe:
            return self._probe_or_stop(admission, progress, state)
        works = progress.begin(admission.size)
        if works[0].message.suspected:
            return self._process_suspect(works[0], admission, progress, state.active)
        self._process_wave(works, admission, progress, state.active)
        return True

    def _with_segments(self, progress: Progress, state: WorkerState) -> WorkerState | Delay:
        """Return the state with the values of the segments of the next wave, or a delay."""
        works, size = progress.next_works()
        conversations = [work.conversation for work in islice(works, size)]
        try:
            active = self.segment_values.admit(state.active, conversations)
        except AWS_FAILURES:
            logger.exception("the values of segments could not be stored: no call is made")
            return Delay(AWS_RETRY_SECONDS, Reason.STATE_UNREACHABLE)
        return replace(state, active=active)

    def _admit(self, progress: Progress, state: WorkerState) -> Admission | Delay:
        works, size = progress.next_works()
        texts = [work.conversation.text for work in works]
        is_rework = bool(works[0].message.job)
        return self.admission_control.admit(
            state, texts, size, progress.remaining_seconds(), is_rework=is_rework
        )

    def _probe_or_stop(self, admission: Admission, progress: Progress, state: WorkerState) -> bool:
        """Probe Grok and return True. If another function probes, stop and return False."""
        is_strict = bool(state.circuit.misconfigured)
        probe = self._probe(admission, progress, state.active.profile, is_strict=is_strict)
        if probe.outcome is not None:
            return True
        return self._stop(progress, Delay(PROBE_DELAY_SECONDS, Reason.CIRCUIT_OPEN))

    def _stop(self, progress: Progress, delay: Delay) -> bool:
        """Send all messages that are left again, and return False."""
        messages = [work.message for work in progress.left()]
        progress.end(self.requeue.delay(messages, delay))
        progress.pending.clear()
        progress.suspects.clear()
        progress.reworks.clear()
        return False

    def _probe(
        self, admission: Admission, progress: Progress, profile: Profile, *, is_strict: bool
    ) -> CallResult:
        """Probe Grok and return the result. The next step reads the circuit that it changed."""
        result = self.caller.probe(admission.start_times, profile, is_strict=is_strict)
        self.feedback.learn([result], admission)
        self._record([result], progress)
        return result

    def _process_suspect(
        self, work: Work, admission: Admission, progress: Progress, active: ActiveProfile
    ) -> bool:
        """Analyse a conversation that may end the function, or fail it if it did so too often.

        Return True. If no call may start any more, send all messages that are left again and
        return False.
        """
        latest = self.admission_control.latest_start(progress.remaining_seconds())
        with self.admission_control.given_back_on_failure(admission):
            begun_calls = self.crash_marks.begin(work.conversation.id)
        continues = True
        if begun_calls > MAX_OWN_CRASHES:
            self.feedback.learn([], admission)
            crash = TransientError("crashed", "the function ended at each attempt to analyse it")
            progress.end(self.outcomes.give_up([work], crash, active, progress.remaining_seconds))
        elif isinstance(timely := self.admission_control.on_time(admission, latest), Delay):
            continues = self._stop(progress, timely)
        else:
            self._process_wave([work], timely, progress, active)
        with contained("the crash mark of a conversation was not removed"):
            self.crash_marks.end(work.conversation.id)
        return continues

    def _process_wave(
        self,
        works: Sequence[Work],
        admission: Admission,
        progress: Progress,
        active: ActiveProfile,
    ) -> None:
        """Call Grok, update the shared state, and end each conversation, even if a step fails."""
        calls = self.caller.wave(works, admission.start_times, active)
        self.feedback.learn(calls, admission)
        with contained("the cause of a wave's refusals could not be found"):
            calls = self._with_causes(calls, progress, active.profile)
        self._record(calls, progress)
        pause_seconds = self.feedback.pause_seconds(calls)
        report = self.outcomes.end(calls, pause_seconds, progress.remaining_seconds)
        progress.end(report)
        if report.saved:
            self.feedback.resume_storage(admission)
        elif report.unsaved:
            self.admission_control.pause_for_storage()

    def _record(self, calls: Sequence[CallResult], progress: Progress) -> None:
        """Add calls to the report, and adapt the size of the next wave to their outcomes."""
        progress.report += Report(calls=tuple(calls))
        if any(map(is_trouble, calls)):
            progress.batch_size = batch_size.after_trouble(progress.batch_size, self.limits)
        else:
            progress.batch_size = batch_size.after_success(
                progress.batch_size, len(calls), self.limits
            )

    def _with_causes(self, calls: list[Call], progress: Progress, profile: Profile) -> list[Call]:
        """Return the calls, with each refusal as the kind of error that its cause shows.

        Many refusals in a row show a wrong setting, and pause all calls. Fewer refusals concern
        their conversations if Grok answers a probe now.
        """
        doubtful = self.refusals.count(calls)
        if not doubtful:
            return calls
        fault = self.refusals.fault()
        if fault is not None:
            self.refusals.clear()
            self.caller.stop(fault)
            return _replaced(calls, doubtful, refusals.as_setting)
        probe_outcome = self._probe_outcome(progress, profile)
        if isinstance(probe_outcome, ConfigurationError):
            return _replaced(calls, doubtful, refusals.as_setting)
        if isinstance(probe_outcome, AnalysisError) or probe_outcome is None:
            return _replaced(calls, doubtful, refusals.as_attempt)
        return calls

    def _probe_outcome(self, progress: Progress, profile: Profile) -> object:
        """Return the outcome of a strict probe; None if no probe may be made."""
        if isinstance(self.admission_control.refresh(), Delay):
            return None
        admission = self.admission_control.admit_probe(profile, progress.remaining_seconds())
        if isinstance(admission, Delay):
            return None
        return self._probe(admission, progress, profile, is_strict=True).outcome


def _replaced(
    calls: Iterable[Call], doubtful: list[Call], change: Callable[[Call], Call]
) -> list[Call]:
    return [change(call) if call in doubtful else call for call in calls]
