"""What becomes of the conversations of a wave: insights are saved, the others go round again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.analysis import retry_policy
from grok_insights.analysis.admission import Delay
from grok_insights.analysis.calls import Call
from grok_insights.analysis.retry_policy import Attempts, RetryAction, RetryDecision
from grok_insights.aws.queue import DeadLetterReason
from grok_insights.domain.insight import Cost, Failure, Insight, Origin
from grok_insights.errors import AnalysisError, TransientError
from grok_insights.flow import backoff
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.analysis.report import Report
    from grok_insights.analysis.requeue import Requeue
    from grok_insights.aws.ledger import Entry, Ledger, SaveResult
    from grok_insights.aws.queue import Message
    from grok_insights.aws.worklist import Work
    from grok_insights.grok.analyzer import Analyzer, Answer

AWS_HOLD_SECONDS: Final = 20.0
"""How long messages are held back when a table or the queue of AWS does not answer."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Ends a wave."""

    ledger: Ledger
    requeue: Requeue
    analyzer: Analyzer
    max_attempts: int
    now: Callable[[], datetime]

    def end(self, calls: Sequence[Call], hold_seconds: float, report: Report) -> None:
        """Save what was answered or failed for good, and send the rest again.

        ``hold_seconds`` says how long calls are stopped after this wave, 0 where they are not.
        """
        again: list[tuple[Message, RetryDecision]] = []
        ended: list[Entry] = []
        for call in calls:
            end = self._end_of(call, hold_seconds)
            if isinstance(end, RetryDecision):
                again.append((call.work.message, end))
            else:
                ended.append(call.work.entry(end))
        self.requeue.resend(again, report)
        self._save(ended, {call.work.conversation.id: call for call in calls}, report)

    def give_up_after_crashes(self, works: Sequence[Work], report: Report) -> None:
        """End what ended the function each time it was tried, before SQS drops it without a word.

        Its dead letter can be sent round again like any other.
        """
        crash = TransientError("crashed", "the function ended each time it was tried")
        calls = [Call(crash, 0.0, work) for work in works]
        entries = [call.work.entry(self._failed(call, crash, gave_up=True)) for call in calls]
        self._save(entries, {call.work.conversation.id: call for call in calls}, report)

    def _end_of(self, call: Call, hold_seconds: float) -> Insight | RetryDecision:
        """The insight that a call ends in, or how its message goes round again."""
        random = self.requeue.random()
        if call.outcome is None:
            return RetryDecision(RetryAction.DEFER, backoff.held_back_seconds(hold_seconds, random))
        if not isinstance(call.outcome, AnalysisError):
            return self._completed(call.work, call.outcome)
        message = call.work.message
        tries = Attempts(message.attempt, self.max_attempts, message.repeated_last_attempt)
        found = retry_policy.decide(call.outcome, tries, hold_seconds, random)
        if found.action in {RetryAction.FAIL, RetryAction.GIVE_UP}:
            return self._failed(call, call.outcome, gave_up=found.action is RetryAction.GIVE_UP)
        return found

    def _save(self, entries: list[Entry], calls: dict[str, Call], report: Report) -> None:
        result = self.ledger.save(entries)
        report.saved += result.saved.values()
        report.unsaved |= result.unreadable
        lost = [calls[entry.insight.conversation_id].work.message for entry in result.unsaved]
        if lost:
            logger.error("insights could not be saved: their messages go back to the queue")
            self.requeue.delay(lost, Delay(AWS_HOLD_SECONDS), report)
        self._bury(entries, result, calls, report)

    def _bury(
        self, entries: list[Entry], result: SaveResult, calls: dict[str, Call], report: Report
    ) -> None:
        """Send dead letters for failed insights that were saved.

        One that was refused may have been saved all the same, by a request whose answer was lost.
        Its message comes again, and meets either its own failed insight or a completed one.
        """
        report.unsaved |= _dead(entry.insight for entry in entries).keys() & result.superseded
        dead = _dead(result.saved.values())
        letters = [(calls[key].work.message, reason) for key, reason in dead.items()]
        self.requeue.dead_letter(letters, report)

    def _completed(self, work: Work, answer: Answer) -> Insight:
        return Insight(
            conversation_id=work.conversation.id,
            external_id=work.conversation.external_id,
            created_at=self.now(),
            outcome=answer.analysis,
            cost=answer.cost,
            origin=Origin(
                model=answer.model,
                mock=answer.mock,
                latency_seconds=answer.latency_seconds,
                attempts=work.message.attempt,
                prompt_version=answer.prompt_version,
                redrives=work.message.redrives,
            ),
            processing_time_ms=round(answer.latency_seconds * 1000),
        )

    def _failed(self, call: Call, error: AnalysisError, *, gave_up: bool) -> Insight:
        """Why there is no analysis. It costs nothing: no answer that was billed is kept in it."""
        message = call.work.message
        tried = f"{error.message}; {message.attempt} attempts" if gave_up else error.message
        return Insight(
            conversation_id=message.conversation_id,
            external_id=call.work.conversation.external_id,
            created_at=self.now(),
            outcome=Failure(error.code, tried, gave_up),
            cost=Cost(),
            origin=Origin(
                model=self.analyzer.model,
                mock=self.analyzer.is_mock,
                latency_seconds=call.latency_seconds,
                attempts=message.attempt,
                prompt_version=self.analyzer.prompt_version,
                redrives=message.redrives,
            ),
            processing_time_ms=round(call.latency_seconds * 1000),
        )


def _dead(insights: Iterable[Insight]) -> dict[str, DeadLetterReason]:
    """The conversations whose attempts are used up, and why the last one failed."""
    return {
        insight.conversation_id: DeadLetterReason(insight.outcome.code, insight.outcome.message)
        for insight in insights
        if isinstance(insight.outcome, Failure) and insight.outcome.gave_up
    }
