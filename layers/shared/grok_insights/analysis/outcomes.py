"""What becomes of the conversations of a wave: insights are saved, the others go round again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.analysis import retry_policy
from grok_insights.analysis.admission import STORAGE_RETRY_SECONDS
from grok_insights.analysis.calls import Call
from grok_insights.analysis.containment import contained
from grok_insights.analysis.report import Report
from grok_insights.analysis.retry_policy import Attempts, RetryAction, RetryDecision
from grok_insights.aws.ledger import Entry
from grok_insights.aws.queue import DeadLetterReason
from grok_insights.domain.insight import Cost, Failure, Insight, Origin
from grok_insights.errors import AnalysisError, ConfigurationError, TransientError
from grok_insights.flow import backoff

if TYPE_CHECKING:
    from grok_insights.analysis.requeue import Requeue
    from grok_insights.analysis.saving import Saver
    from grok_insights.aws.ledger import SaveResult
    from grok_insights.aws.queue import Message
    from grok_insights.aws.worklist import Work
    from grok_insights.grok.analyzer import Analyzer, Answer

MAX_UNSAVED: Final = 3
"""How often a conversation's answer is paid for and cannot be saved: after that it is not asked
about again, and ends as failed as soon as that can be saved."""

Ended = Entry | tuple["Message", RetryDecision]
"""What a call ends in: an insight to be saved, or a message to be sent again."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Ends a wave."""

    saver: Saver
    requeue: Requeue
    analyzer: Analyzer
    max_attempts: int
    now: Callable[[], datetime]

    def end(
        self, calls: Sequence[Call], hold_seconds: float, remaining_seconds: Callable[[], float]
    ) -> Report:
        """Save what was answered or failed for good, then send the rest again.

        ``hold_seconds`` says how long calls are stopped after this wave, 0 where they are not.
        """
        ended = [(call, self._end_of(call, hold_seconds)) for call in calls]
        entries = [one for _, one in ended if isinstance(one, Entry)]
        again = [one for _, one in ended if isinstance(one, tuple)]
        lost = [call.work.message for call, one in ended if one is None]
        report = self._save(entries, _messages(call.work for call in calls), remaining_seconds)
        return report + self.requeue.resend(again) + self._unsaved(lost)

    def give_up(
        self,
        works: Sequence[Work],
        error: AnalysisError,
        remaining_seconds: Callable[[], float],
    ) -> Report:
        """End conversations as failed without another call; their dead letters can be redriven."""
        calls = [Call(error, 0.0, work) for work in works]
        entries = [call.work.entry(self._failed(call, error, gave_up=True)) for call in calls]
        return self._save(entries, _messages(works), remaining_seconds)

    def _end_of(self, call: Call, hold_seconds: float) -> Ended | None:
        """What a call ends in; None where an unexpected error keeps that from being made out."""
        with contained("what became of a conversation could not be made out"):
            return self._decided(call, hold_seconds)
        return None

    def _decided(self, call: Call, hold_seconds: float) -> Ended:
        random, message = self.requeue.random(), call.work.message
        if call.outcome is None:
            delay = backoff.held_back_seconds(hold_seconds, random)
            return message, RetryDecision(RetryAction.DEFER, delay)
        if not isinstance(call.outcome, AnalysisError):
            return call.work.entry(self._completed(call.work, call.outcome))
        if isinstance(call.outcome, ConfigurationError):
            message = replace(message, known_error=call.outcome.code)
        tries = Attempts(message.attempt, self.max_attempts, message.repeated_last_attempt)
        found = retry_policy.decide(call.outcome, tries, hold_seconds, random)
        if found.action in {RetryAction.FAIL, RetryAction.GIVE_UP}:
            gave_up = found.action is RetryAction.GIVE_UP
            return call.work.entry(self._failed(call, call.outcome, gave_up=gave_up))
        return message, found

    def _save(
        self,
        entries: list[Entry],
        messages: Mapping[str, Message],
        remaining_seconds: Callable[[], float],
    ) -> Report:
        """Save insights, then send the dead letters of those whose attempts are used up."""
        if not entries:
            return Report()
        result = self.saver.save(entries, remaining_seconds)
        report = Report(
            saved=tuple(result.saved.values()), redelivered=frozenset(result.unreadable)
        )
        report += self._dead_letters(entries, result, messages)
        return report + self._unsaved([messages[_id(one)] for one in result.unsaved])

    def _dead_letters(
        self, entries: list[Entry], result: SaveResult, messages: Mapping[str, Message]
    ) -> Report:
        """Send dead letters for failed insights that were saved.

        One that was refused may have been saved all the same, by a request whose answer was lost.
        Its message comes again, and meets either its own failed insight or a completed one.
        """
        dead = _dead(result.saved.values())
        refused = _dead(entry.insight for entry in entries).keys() & result.superseded
        letters = [(messages[key], reason) for key, reason in dead.items()]
        return self.requeue.dead_letter(letters) + Report(redelivered=frozenset(refused))

    def _unsaved(self, messages: Sequence[Message]) -> Report:
        """Send messages again whose answers are lost, with one more loss counted."""
        delay = backoff.held_back_seconds(STORAGE_RETRY_SECONDS, self.requeue.random())
        decision = RetryDecision(RetryAction.DEFER, delay)
        counted = [
            (replace(one, unsaved=min(MAX_UNSAVED, one.unsaved + 1)), decision) for one in messages
        ]
        ids = frozenset(one.conversation_id for one in messages)
        return self.requeue.resend(counted) + Report(unsaved=ids)

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


def unsaved_too_often() -> AnalysisError:
    """Why a conversation ends whose insight could not be saved again and again."""
    return TransientError("unsaved", "its insight could not be saved")


def _id(entry: Entry) -> str:
    return entry.insight.conversation_id


def _messages(works: Iterable[Work]) -> dict[str, Message]:
    return {work.conversation.id: work.message for work in works}


def _dead(insights: Iterable[Insight]) -> dict[str, DeadLetterReason]:
    """The conversations whose attempts are used up, and why the last one failed."""
    return {
        insight.conversation_id: DeadLetterReason(insight.outcome.code, insight.outcome.message)
        for insight in insights
        if isinstance(insight.outcome, Failure) and insight.outcome.gave_up
    }
