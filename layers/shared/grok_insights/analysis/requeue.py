"""Messages that go back: into the queue, now or later, and into the dead-letter queue.

A message is sent again before the old one is acknowledged: dying in between makes two of it, which
does no harm, and never none.
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
    """The two queues, as senders see them. ``random`` gives numbers from 0 to 1."""

    queue: AnalysisQueue
    dead_letters: AnalysisQueue
    random: Callable[[], float]

    def resend(self, messages: Sequence[tuple[Message, RetryDecision]]) -> Report:
        """Send messages again: with the next attempt to be retried, else as they are."""
        outgoing = [
            OutgoingMessage(_changed(message, found.action), found.delay_seconds)
            for message, found in messages
        ]
        lost = self.queue.send_each(outgoing)
        sent = [found.action for message, found in messages if message.conversation_id not in lost]
        retried = sent.count(RetryAction.RETRY)
        return Report(retried=retried, deferred=len(sent) - retried, redelivered=frozenset(lost))

    def delay(self, messages: Sequence[Message], hold: Delay) -> Report:
        """Send messages again as they are, to be received when the hold ends."""
        sent = self.resend([(message, self._held_back(hold.seconds)) for message in messages])
        waits_for_storage = hold.reason is Reason.STORAGE
        ids = frozenset(one.conversation_id for one in messages) if waits_for_storage else ()
        return sent + Report(stopped_by=hold.reason, unsaved=frozenset(ids))

    def _held_back(self, seconds: float) -> RetryDecision:
        delay = backoff.held_back_seconds(seconds, self.random()) if seconds else 0
        return RetryDecision(RetryAction.DEFER, delay)

    def dead_letter(self, dead: Sequence[tuple[Message, DeadLetterReason]]) -> Report:
        """Send dead letters, each with its reason."""
        lost = self.dead_letters.send_each(
            [OutgoingMessage(message, error=error) for message, error in dead]
        )
        return Report(dead_lettered=len(dead) - len(lost), redelivered=frozenset(lost))


def _changed(message: Message, action: RetryAction) -> Message:
    """The message that is sent. A call that ended clears the suspicion that it would not."""
    match action:
        case RetryAction.RETRY:
            return replace(message, attempt=message.attempt + 1, suspected=0)
        case RetryAction.REPEAT_LAST_ATTEMPT:
            repeated = message.repeated_last_attempt + 1
            return replace(message, repeated_last_attempt=repeated, suspected=0)
    return message
