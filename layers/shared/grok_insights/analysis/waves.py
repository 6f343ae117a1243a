"""The waves of a batch: admitted, called, judged and ended one after another.

Conversations that may have ended the function come last, alone and marked in the State table, so
that one that does it again is known, and costs the others nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from grok_insights.analysis import batch_size, refusals
from grok_insights.analysis.admission import AWS_HOLD_SECONDS, Admission, Delay
from grok_insights.analysis.containment import contained
from grok_insights.analysis.feedback import is_trouble
from grok_insights.analysis.progress import Progress
from grok_insights.analysis.refusals import Refusals
from grok_insights.analysis.report import Report
from grok_insights.errors import AnalysisError, ConfigurationError, TransientError
from grok_insights.flow.pauses import PROBE_HOLD_SECONDS, Reason
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.analysis.admission import AdmissionControl
    from grok_insights.analysis.batch_size import BatchSizeLimits
    from grok_insights.analysis.calls import Call, Caller, CallResult
    from grok_insights.analysis.feedback import Feedback
    from grok_insights.analysis.outcomes import Outcomes
    from grok_insights.analysis.requeue import Requeue
    from grok_insights.aws.state.crash_marks import CrashMarks
    from grok_insights.aws.worklist import Work
    from grok_insights.flow.pauses import WorkerState

MAX_OWN_CRASHES: Final = 2
"""How often a conversation ends the function, called alone, before it is given up."""


@dataclass(frozen=True, slots=True)
class Waves:
    """Works through a batch."""

    admission_control: AdmissionControl
    caller: Caller
    feedback: Feedback
    outcomes: Outcomes
    requeue: Requeue
    crash_marks: CrashMarks
    limits: BatchSizeLimits
    refusals: Refusals = field(default_factory=Refusals)

    def run(self, progress: Progress) -> Report:
        """Work through all, and send back what there is no time for, or what must wait."""
        remaining = progress.remaining_seconds()
        if progress.left() and self.admission_control.room_seconds(remaining) < 0:
            logger.error("the function's timeout leaves no time for even one call to Grok")
            self._stopped(progress, Delay(AWS_HOLD_SECONDS))
        goes_on = True
        while goes_on and progress.left():
            goes_on = False
            with contained("a wave was not ended: its messages are delivered again"):
                goes_on = self._step(progress)
        ids = frozenset(work.message.conversation_id for work in progress.left())
        return progress.report + Report(redelivered=ids)

    def _step(self, progress: Progress) -> bool:
        """Begin and end one wave or probe; False where none may begin, and all were sent back."""
        state = progress.worker_state or self.admission_control.refresh()
        progress.worker_state = None
        if isinstance(state, Delay):
            return self._stopped(progress, state)
        admission = self._admission(progress, state)
        if isinstance(admission, Delay):
            return self._stopped(progress, admission)
        if admission.is_probe:
            return self._probed(admission, progress, bool(state.circuit.misconfigured))
        works = progress.begin(admission.size)
        if works[0].message.suspected:
            self._alone(works[0], admission, progress)
        else:
            self._wave(works, admission, progress)
        return True

    def _admission(self, progress: Progress, state: WorkerState) -> Admission | Delay:
        works, size = progress.next_works()
        texts = [work.conversation.text for work in works]
        return self.admission_control.admit(state, texts, size, progress.remaining_seconds())

    def _probed(self, admission: Admission, progress: Progress, is_strict: bool) -> bool:
        """Find out whether Grok is well; False where that was not asked, and all were sent back."""
        if self._probe(admission, progress, is_strict=is_strict).outcome is not None:
            return True
        another_probes = Delay(PROBE_HOLD_SECONDS, Reason.CIRCUIT_OPEN)
        return self._stopped(progress, another_probes)

    def _stopped(self, progress: Progress, delay: Delay) -> bool:
        """Send back all that is left; False, since nothing goes on."""
        messages = [work.message for work in progress.left()]
        progress.report += self.requeue.delay(messages, delay)
        progress.pending.clear()
        progress.suspects.clear()
        return False

    def _probe(self, admission: Admission, progress: Progress, *, is_strict: bool) -> CallResult:
        """Ask about no conversation; the circuit learns from it, and the loop from there."""
        asked = self.caller.probe(admission.start_times, is_strict=is_strict)
        self.feedback.learn([asked], admission)
        self._note([asked], progress)
        return asked

    def _alone(self, work: Work, admission: Admission, progress: Progress) -> None:
        """Analyse a conversation that may end the function, or give it up where it did so."""
        begun = self.crash_marks.begin(work.conversation.id)
        if begun > MAX_OWN_CRASHES:
            self.feedback.learn([], admission)
            crash = TransientError("crashed", "the function ended each time it was tried")
            progress.end(self.outcomes.give_up([work], crash, progress.remaining_seconds))
        else:
            self._wave([work], admission, progress)
        with contained("a conversation stays under suspicion of ending the function"):
            self.crash_marks.end(work.conversation.id)

    def _wave(self, works: Sequence[Work], admission: Admission, progress: Progress) -> None:
        """Call, learn from the calls, and end each conversation, whatever fails beside it."""
        calls = self.caller.wave(works, admission.start_times)
        self.feedback.learn(calls, admission)
        with contained("whose fault a wave's refusals are could not be made out"):
            calls = self._judged(calls, progress)
        self._note(calls, progress)
        hold_seconds = self.feedback.hold_seconds(calls)
        ended = self.outcomes.end(calls, hold_seconds, progress.remaining_seconds)
        progress.end(ended)
        if ended.saved:
            self.feedback.storage_works(admission)
        elif ended.unsaved:
            self.admission_control.pause_for_storage()

    def _note(self, calls: Sequence[CallResult], progress: Progress) -> None:
        """Add calls to the report, and let them change the size of the next wave."""
        progress.report += Report(calls=tuple(calls))
        if any(map(is_trouble, calls)):
            progress.batch_size = batch_size.after_trouble(progress.batch_size, self.limits)
        else:
            progress.batch_size = batch_size.after_success(
                progress.batch_size, len(calls), self.limits
            )

    def _judged(self, calls: list[Call], progress: Progress) -> list[Call]:
        """The calls, with refusals that may be about all conversations as what they turn out to be.

        Many in a row are a wrong setting, and stop all calls. Fewer are about their conversations
        if Grok answers another question right now.
        """
        doubtful = self.refusals.count(calls)
        if not doubtful:
            return calls
        fault = self.refusals.fault()
        if fault is not None:
            self.refusals.clear()
            self.caller.stop(fault)
            return _replaced(calls, doubtful, refusals.as_setting)
        control = self._control(progress)
        if isinstance(control, ConfigurationError):
            return _replaced(calls, doubtful, refusals.as_setting)
        if isinstance(control, AnalysisError) or control is None:
            return _replaced(calls, doubtful, refusals.as_attempt)
        return calls

    def _control(self, progress: Progress) -> object:
        """What Grok says to a question that is about no conversation; None where none is asked."""
        if isinstance(self.admission_control.refresh(), Delay):
            return None
        admission = self.admission_control.admit_probe(progress.remaining_seconds())
        if isinstance(admission, Delay):
            return None
        return self._probe(admission, progress, is_strict=True).outcome


def _replaced(
    calls: Iterable[Call], doubtful: list[Call], change: Callable[[Call], Call]
) -> list[Call]:
    return [change(call) if call in doubtful else call for call in calls]
