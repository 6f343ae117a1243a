"""Messages that go back: into the queue, now or later, and into the dead-letter queue.

A message is sent again before the old one is acknowledged: dying in between makes two of it, which
does no harm, and never none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grok_insights.analysis.retry_policy import Fate, Verdict
from grok_insights.aws.queue import Error, Letter
from grok_insights.flow import backoff

if TYPE_CHECKING:
    from grok_insights.analysis.admission import Hold
    from grok_insights.analysis.report import Report
    from grok_insights.aws.queue import AnalysisQueue, Message


@dataclass(frozen=True, slots=True)
class Post:
    """The two queues, as senders see them. ``random`` gives numbers from 0 to 1."""

    queue: AnalysisQueue
    dead_letters: AnalysisQueue
    random: Callable[[], float]

    def again(self, messages: Sequence[tuple[Message, Verdict]], report: Report) -> None:
        """Send messages again: with the next attempt to be retried, else as they are."""
        letters = [
            Letter(_changed(message, found.fate), found.delay_seconds)
            for message, found in messages
        ]
        lost = self.queue.post(letters)
        report.unsaved |= lost
        sent = [found.fate for message, found in messages if message.conversation_id not in lost]
        report.retried += sent.count(Fate.RETRY)
        report.deferred += len(sent) - sent.count(Fate.RETRY)

    def hold(self, messages: Sequence[Message], hold: Hold, report: Report) -> None:
        """Send messages again as they are, to be received when the hold ends."""
        report.stopped_by = report.stopped_by or hold.reason
        self.again([(message, self._held_back(hold.seconds)) for message in messages], report)

    def _held_back(self, seconds: float) -> Verdict:
        delay = backoff.held_back_seconds(seconds, self.random()) if seconds else 0
        return Verdict(Fate.DEFER, delay)

    def bury(self, dead: Sequence[tuple[Message, Error]], report: Report) -> None:
        """Send dead letters, each with its reason."""
        lost = self.dead_letters.post([Letter(message, error=error) for message, error in dead])
        report.dead_lettered += len(dead) - len(lost)
        report.unsaved |= lost


def _changed(message: Message, fate: Fate) -> Message:
    match fate:
        case Fate.RETRY:
            return replace(message, attempt=message.attempt + 1)
        case Fate.SPARE:
            return replace(message, spared=message.spared + 1)
    return message
