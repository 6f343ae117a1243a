"""Messages that go back: into the queue, now or later, and into the dead-letter queue.

A message is sent again before the old one is acknowledged: dying in between makes two of it, which
does no harm, and never none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grok_insights.analysis.retry_policy import RetryAction, RetryDecision
from grok_insights.aws.queue import DeadLetterReason, OutgoingMessage
from grok_insights.flow import backoff

if TYPE_CHECKING:
    from grok_insights.analysis.admission import Delay
    from grok_insights.analysis.report import Report
    from grok_insights.aws.queue import AnalysisQueue, Message


@dataclass(frozen=True, slots=True)
class Requeue:
    """The two queues, as senders see them. ``random`` gives numbers from 0 to 1."""

    queue: AnalysisQueue
    dead_letters: AnalysisQueue
    random: Callable[[], float]

    def resend(self, messages: Sequence[tuple[Message, RetryDecision]], report: Report) -> None:
        """Send messages again: with the next attempt to be retried, else as they are."""
        letters = [
            OutgoingMessage(_changed(message, found.action), found.delay_seconds)
            for message, found in messages
        ]
        lost = self.queue.send_each(letters)
        report.unsaved |= lost
        sent = [found.action for message, found in messages if message.conversation_id not in lost]
        report.retried += sent.count(RetryAction.RETRY)
        report.deferred += len(sent) - sent.count(RetryAction.RETRY)

    def delay(self, messages: Sequence[Message], hold: Delay, report: Report) -> None:
        """Send messages again as they are, to be received when the hold ends."""
        report.stopped_by = report.stopped_by or hold.reason
        self.resend([(message, self._held_back(hold.seconds)) for message in messages], report)

    def _held_back(self, seconds: float) -> RetryDecision:
        delay = backoff.held_back_seconds(seconds, self.random()) if seconds else 0
        return RetryDecision(RetryAction.DEFER, delay)

    def dead_letter(self, dead: Sequence[tuple[Message, DeadLetterReason]], report: Report) -> None:
        """Send dead letters, each with its reason."""
        lost = self.dead_letters.send_each(
            [OutgoingMessage(message, error=error) for message, error in dead]
        )
        report.dead_lettered += len(dead) - len(lost)
        report.unsaved |= lost


def _changed(message: Message, action: RetryAction) -> Message:
    match action:
        case RetryAction.RETRY:
            return replace(message, attempt=message.attempt + 1)
        case RetryAction.REPEAT_LAST_ATTEMPT:
            return replace(message, repeated_last_attempt=message.repeated_last_attempt + 1)
    return message
