"""Sends messages again, at once or with a delay, and sends dead letters.

A message is sent again before the old one is deleted. If the function ends in between, there are
two messages, which does no harm, and a message is never lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grok_insights.analysis.report import Report
from grok_insights.analysis.retry_policy import RetryAction, RetryDecision
from grok_insights.aws.queue import DeadLetterReason, OutgoingMessage
from grok_insights.flow import backoff
from grok_insights.flow.pauses import Reason

if TYPE_CHECKING:
    from grok_insights.analysis.admission import Delay
    from grok_insights.aws.queue import AnalysisQueue, Message


@dataclass(frozen=True, slots=True)
class Requeue:
    """Sends to both queues. ``random`` returns a number from 0 up to, but not including, 1."""

    queue: AnalysisQueue
    dead_letters: AnalysisQueue
    random: Callable[[], float]

    def resend(self, messages: Sequence[tuple[Message, RetryDecision]]) -> Report:
        """Send messages again: with the next attempt for a retry, otherwise unchanged."""
        outgoing = [
            OutgoingMessage(_changed(message, decision.action), decision.delay_seconds)
            for message, decision in messages
        ]
        unsent = self.queue.send_each(outgoing)
        actions = [
            decision.action
            for message, decision in messages
            if message.conversation_id not in unsent
        ]
        retried = actions.count(RetryAction.RETRY)
        return Report(
            retried=retried, deferred=len(actions) - retried, redelivered=frozenset(unsent)
        )

    def delay(self, messages: Sequence[Message], delay: Delay) -> Report:
        """Send messages again unchanged, to be received after the delay."""
        report = self.resend([(message, self._deferral(delay.seconds)) for message in messages])
        waits_for_storage = delay.reason is Reason.STORAGE
        ids = {message.conversation_id for message in messages} if waits_for_storage else ()
        return report + Report(stopped_by=delay.reason, unsaved=frozenset(ids))

    def _deferral(self, seconds: float) -> RetryDecision:
        delay = backoff.deferral_seconds(seconds, self.random()) if seconds else 0
        return RetryDecision(RetryAction.DEFER, delay)

    def dead_letter(self, messages: Sequence[tuple[Message, DeadLetterReason]]) -> Report:
        """Send messages to the dead-letter queue, each with its reason."""
        unsent = self.dead_letters.send_each(
            [OutgoingMessage(message, error=reason) for message, reason in messages]
        )
        return Report(dead_lettered=len(messages) - len(unsent), redelivered=frozenset(unsent))


def _changed(message: Message, action: RetryAction) -> Message:
    """Return the message to send. After a call that ended, it is no longer suspected."""
    match action:
        case RetryAction.RETRY:
            return replace(message, attempt=message.attempt + 1, suspected=0)
        case RetryAction.REPEAT_LAST_ATTEMPT:
            repeated = message.repeated_last_attempt + 1
            return replace(message, repeated_last_attempt=repeated, suspected=0)
    return message
