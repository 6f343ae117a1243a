"""Requests, deletions, messages and works through the use cases, for tests of the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from grok_insights import wiring
from grok_insights.aws.ledger import Ledger, SaveResult
from grok_insights.aws.queue import Message
from grok_insights.aws.worklist import Todo, Work, Worklist
from grok_insights.domain.conversation import conversation_id
from grok_insights.domain.insight import Analysis, Sentiment
from grok_insights.domain.labels import TOPIC
from grok_insights.domain.new_conversation import NewConversation
from grok_insights.domain.trends import Interval
from grok_insights.errors import NotFound
from grok_insights.ingest.conversations import Accepted
from grok_insights.wiring import Parts
from tests.builders import NOW, insight

NAME = "ticket-1"
NAMED = conversation_id(NAME, lambda: None)  # type: ignore[arg-type,return-value]
"""Return the id of the conversation with this name."""


@dataclass
class Storage:
    """Both ends of the pipeline, without Grok. Messages are kept as they were sent."""

    parts: Parts
    messages: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        events = self.parts.sqs.meta.events
        events.register("provide-client-params.sqs.SendMessageBatch", self._note)

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        self.messages += [Message.from_body(entry["MessageBody"]) for entry in params["Entries"]]

    def _late(self, seconds: float) -> Parts:
        now = self.parts.now
        return replace(self.parts, now=lambda: now() - timedelta(seconds=seconds))

    def post(self, name: str | None = NAME, *, late_seconds: float = 0, **content: Any) -> Accepted:
        """Accept a conversation in a function whose request started late, or clock is late."""
        use_case = wiring.ingest(self._late(late_seconds))
        sent = content if "messages" in content else {"text": "Hi", **content}
        return use_case.one(NewConversation.model_validate({"external_id": name, **sent}))

    def delete(self, identity: str = NAMED, *, late_seconds: float = 0) -> bool:
        """Delete a conversation; return False if there is none."""
        try:
            wiring.ingest(self._late(late_seconds)).erase(identity)
        except NotFound:
            return False
        return True

    def read(self, *messages: Message) -> Todo:
        """Return the works that messages ask for."""
        parts = self.parts
        worklist = Worklist(parts.batch_get, parts.conversations, parts.insights, parts.now)
        return worklist.read(messages)

    @property
    def ledger(self) -> Ledger:
        return self.parts.ledger

    def save(self, *works: Work, **overrides: Any) -> SaveResult:
        """Save the insights of works; the summary contains the generation."""
        return self.ledger.save(
            [
                work.entry(
                    insight(
                        conversation_id=work.conversation.id,
                        created_at=self.parts.now(),
                        outcome=Analysis(summary(work), Sentiment.NEGATIVE, ("refund",)),
                        **overrides,
                    )
                )
                for work in works
            ]
        )

    def analyse(self, *messages: Message) -> SaveResult:
        """Read messages and save the insights that they ask for."""
        return self.save(*self.read(*messages).works)

    def before_write(self, action: Callable[[], object], *, number: int = 1) -> None:
        """Run a function once, just before the n-th transaction from now is written."""
        seen: list[None] = []

        def act(model: Any, **_: Any) -> None:
            if model.name == "TransactWriteItems":
                seen.append(None)
                if len(seen) == number:
                    action()

        self.parts.dynamodb.meta.events.register_first("before-parameter-build", act)


def summary(work: Work) -> str:
    """Return the summary that `Storage.save` gives to a work's insight."""
    return f"generation {work.conversation.lifetime.generation}"


def topics_of_today(parts: Parts) -> Counter[str]:
    """Return how often each topic was counted today."""
    counts = parts.trends.labels(TOPIC, Interval.DAY.floor(NOW), Interval.DAY.ceiling(NOW))
    return Counter({topic: cells.total() for topic, cells in counts.items()})
