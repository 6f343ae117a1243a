"""Sends a conversation whose analysis failed to the analysis again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.aws.queue import Message
from grok_insights.errors import Conflict, NotFound, Unavailable

if TYPE_CHECKING:
    from grok_insights.aws.conversations import Conversations
    from grok_insights.aws.insights.table import Insights
    from grok_insights.aws.queue import AnalysisQueue


@dataclass(frozen=True, slots=True)
class RetryAnalysis:
    """The use case."""

    conversations: Conversations
    insights: Insights
    queue: AnalysisQueue
    now: Callable[[], datetime]

    def __call__(self, conversation_id: str) -> None:
        """Send a message that may replace the failed insight, like a redrive of one conversation.

        The failed insight stays until there is a new one. A dead letter of the conversation stays
        too; if it is redriven later, its message is dropped.

        Raises
        ------
        NotFound
            There is no such conversation.
        Conflict
            Its analysis has not failed.
        Unavailable
            The message could not be sent.
        """
        if not self.conversations.exists(conversation_id):
            raise NotFound("there is no conversation with this id")
        failed = self.insights.failed(conversation_id)
        if failed is None:
            raise Conflict("only an analysis that failed can be repeated")
        message = Message(
            conversation_id,
            attempt=1,
            enqueued_at=self.now(),
            redrives=failed.redrives + 1,
            generation=failed.generation,
        )
        if self.queue.send([message]):
            raise Unavailable(
                "the conversation could not be put into the queue; try again", retry_after_seconds=1
            )
