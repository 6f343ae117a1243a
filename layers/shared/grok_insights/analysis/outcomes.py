"""Ends the conversations of a wave: saves their insights, or sends their messages again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeGuard

from grok_insights.analysis import retry_policy
from grok_insights.analysis.admission import STORAGE_RETRY_SECONDS
from grok_insights.analysis.calls import Call
from grok_insights.analysis.containment import contained
from grok_insights.analysis.report import Report
from grok_insights.analysis.retry_policy import Attempts, RetryAction, RetryDecision
from grok_insights.aws.ledger import UNSTORABLE, Entry
from grok_insights.aws.queue import DeadLetterReason
from grok_insights.aws.state.job_outcomes import JobFailure, JobOutcomes
from grok_insights.domain.insight import Failure
from grok_insights.errors import AnalysisError, ConfigurationError, TransientError
from grok_insights.flow import backoff

if TYPE_CHECKING:
    from grok_insights.analysis.new_insights import NewInsights
    from grok_insights.analysis.requeue import Requeue
    from grok_insights.analysis.saving import Saver
    from grok_insights.aws.ledger import SaveResult
    from grok_insights.aws.queue import Message
    from grok_insights.aws.worklist import Work
    from grok_insights.domain.insight import Insight
    from grok_insights.domain.segments import ActiveProfile

MAX_UNSAVED: Final = 3
"""How many paid answers about a conversation may be lost because they cannot be saved. After that
Grok is not called about it again, and it ends as failed as soon as that can be saved."""

Ending = Entry | tuple["Message", RetryDecision] | JobFailure
"""How a conversation's call ends: with an insight to save, with a message to send again, or with
a failure of the job that asked for it, which changes no insight."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Ends the conversations of a wave."""

    saver: Saver
    requeue: Requeue
    jobs: JobOutcomes
    insights: NewInsights
    max_attempts: int

    def end(
        self, calls: Sequence[Call], pause_seconds: float, remaining_seconds: Callable[[], float]
    ) -> Report:
        """Save completed and finally failed insights, then send the other messages again.

        ``pause_seconds`` says how long calls are paused after this wave; 0 if they are not paused.
        """
        endings = [(call, self._ending(call, pause_seconds)) for call in calls]
        entries = [ending for _, ending in endings if isinstance(ending, Entry)]
        failures = [ending for _, ending in endings if isinstance(ending, JobFailure)]
        retries = [ending for _, ending in endings if _is_retry(ending)]
        unknown = [call.work.message for call, ending in endings if ending is None]
        report = self._save(entries, _messages(call.work for call in calls), remaining_seconds)
        report += self.requeue.resend(retries) + self._resend_unsaved(unknown)
        return report + self._record(failures)

    def skip(self, messages: Sequence[Message]) -> Report:
        """Record that jobs have nothing to replace for these messages, unless they have done so."""
        return self._record([JobFailure(one.job, one.conversation_id) for one in messages])

    def _record(self, failures: Sequence[JobFailure]) -> Report:
        """Record failures of jobs. If that is not possible, SQS delivers the message again."""
        if not failures:
            return Report()
        return Report(redelivered=frozenset(self.jobs.record(failures)))

    def give_up(
        self,
        works: Sequence[Work],
        error: AnalysisError,
        active: ActiveProfile,
        remaining_seconds: Callable[[], float],
    ) -> Report:
        """Save failed insights without a call, and send dead letters, which can be redriven."""
        calls = [Call(error, 0.0, work, active) for work in works if not work.message.job]
        entries = [
            call.work.entry(self.insights.failed(call, error, gave_up=True)) for call in calls
        ]
        report = self._save(entries, _messages(works), remaining_seconds)
        return report + self._record([_failure(one, error) for one in works if one.message.job])

    def _ending(self, call: Call, pause_seconds: float) -> Ending | None:
        """Return how a call ends; None if an unexpected error prevents the decision."""
        with contained("the outcome of a call could not be processed"):
            return self._decide(call, pause_seconds)
        return None

    def _decide(self, call: Call, pause_seconds: float) -> Ending:
        random, message = self.requeue.random(), call.work.message
        if call.outcome is None:
            delay = backoff.deferral_seconds(pause_seconds, random)
            return message, RetryDecision(RetryAction.DEFER, delay)
        if not isinstance(call.outcome, AnalysisError):
            return call.work.entry(self.insights.completed(call, call.outcome))
        if isinstance(call.outcome, ConfigurationError):
            message = replace(message, known_error=call.outcome.code)
        attempts = Attempts(message.attempt, self.max_attempts, message.repeated_last_attempt)
        decision = retry_policy.decide(call.outcome, attempts, pause_seconds, random)
        if decision.action in {RetryAction.FAIL, RetryAction.GIVE_UP}:
            if message.job:
                return _failure(call.work, call.outcome)
            gave_up = decision.action is RetryAction.GIVE_UP
            return call.work.entry(self.insights.failed(call, call.outcome, gave_up=gave_up))
        return message, decision

    def _save(
        self,
        entries: list[Entry],
        messages: Mapping[str, Message],
        remaining_seconds: Callable[[], float],
    ) -> Report:
        """Save insights, then send dead letters for those that failed at the last attempt."""
        if not entries:
            return Report()
        result = self.saver.save(entries, remaining_seconds)
        report = Report(
            saved=tuple(result.saved.values()), redelivered=frozenset(result.unreadable)
        )
        report += self._send_dead_letters(result, messages)
        report += self._record(
            [JobFailure(messages[one].job, one, UNSTORABLE.code) for one in result.unstorable]
        )
        superseded = [messages[one] for one in result.superseded if messages[one].job]
        report += self.skip(superseded)
        return report + self._resend_unsaved([messages[_id(entry)] for entry in result.unsaved])

    def _send_dead_letters(self, result: SaveResult, messages: Mapping[str, Message]) -> Report:
        """Send dead letters for the failed insights that were saved.

        An insight that was refused may have been saved nevertheless, by a request whose response
        was lost. Its message is delivered again; then either its own failed insight or a completed
        one is found.
        """
        reasons = _dead_letter_reasons(result.saved.values())
        dead_letters = [(messages[identity], reason) for identity, reason in reasons.items()]
        report = self.requeue.dead_letter(dead_letters)
        again = _dead_letter_reasons(result.refused.values())
        return report + Report(redelivered=frozenset(again))

    def _resend_unsaved(self, messages: Sequence[Message]) -> Report:
        """Send messages again whose answers are lost, and count the loss in each message."""
        delay = backoff.deferral_seconds(STORAGE_RETRY_SECONDS, self.requeue.random())
        decision = RetryDecision(RetryAction.DEFER, delay)
        resent = [
            (replace(message, unsaved=min(MAX_UNSAVED, message.unsaved + 1)), decision)
            for message in messages
        ]
        ids = frozenset(message.conversation_id for message in messages)
        return self.requeue.resend(resent) + Report(unsaved=ids)


def unsaved_too_often() -> AnalysisError:
    """Return the error of a conversation whose insight could not be saved several times."""
    return TransientError("unsaved", "its insight could not be saved")


def _failure(work: Work, error: AnalysisError) -> JobFailure:
    return JobFailure(work.message.job, work.conversation.id, error.code)


def _is_retry(ending: Ending | None) -> TypeGuard[tuple[Message, RetryDecision]]:
    return isinstance(ending, tuple) and not isinstance(ending, JobFailure)


def _id(entry: Entry) -> str:
    return entry.insight.conversation_id


def _messages(works: Iterable[Work]) -> dict[str, Message]:
    return {work.conversation.id: work.message for work in works}


def _dead_letter_reasons(insights: Iterable[Insight]) -> dict[str, DeadLetterReason]:
    """Return why the last attempt failed, by id, for conversations without attempts left."""
    return {
        insight.conversation_id: DeadLetterReason(insight.outcome.code, insight.outcome.message)
        for insight in insights
        if isinstance(insight.outcome, Failure) and insight.outcome.gave_up
    }
