"""The analysis function on tables by moto, with real Grok's client against the stand-in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from functions.analysis import app
from grok_insights import wiring
from grok_insights.analysis.batch import BatchAnalysis
from grok_insights.aws.queue import Message
from grok_insights.domain.conversation import Conversation
from grok_insights.grok.real import RealGrok
from grok_insights.wiring import Parts
from tests.builders import LambdaContext, sqs_event
from tests.functional.conftest import Clock
from tests.standin import Standin

SETTINGS = {
    "GROK_MODE": "real",
    "GROK_API_KEY": "xai-standin",
    "GROK_TIMEOUT_SECONDS": "1",
    "GROK_MAX_REQUESTS_PER_SECOND": "10000",
    "CIRCUIT_BREAKER_RECOVERY_SECONDS": "1",
}


@dataclass
class Worker:
    """The function, and what goes in and comes out."""

    parts: Parts
    standin: Standin
    analysis: BatchAnalysis = field(init=False)
    _grok: RealGrok | None = None
    _sent: list[tuple[Message, int]] = field(default_factory=list)
    _dead: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        events = self.parts.sqs.meta.events
        events.register("provide-client-params.sqs.SendMessageBatch", self._note)
        self.restart()

    def restart(self) -> None:
        """A new execution environment."""
        self.close()
        self._grok = wiring.real_grok(self.parts.settings)
        self.analysis = wiring.analysis(self.parts, self._grok)
        self.analysis.admission_control.circuit.call(
            lambda: None
        )  # Powertools counts failures by process

    def close(self) -> None:
        """The end of the execution environment."""
        if self._grok is not None:
            self._grok.client.close()
            self.analysis.caller.threads.shutdown()

    def conversation(self, text: str, number: int = 0) -> str:
        """A stored conversation, by its id."""
        identity = f"{number:08x}-3c1f-5f0e-8f57-2f9d3c0f4a11"
        self.parts.conversations.add([Conversation(identity, text, datetime.now(UTC))])
        return identity

    def conversations(self, count: int) -> list[str]:
        """Many of them; each text is ``text N``."""
        return [self.conversation(f"text {number}", number) for number in range(count)]

    def run(self, *messages: str | Message, remaining_ms: int = 60_000) -> list[str]:
        """One batch; the ids of the conversations whose messages SQS would deliver again."""
        sent = [message(one) if isinstance(one, str) else one for one in messages]
        event = sqs_event([one.to_body() for one in sent])
        answer = app.handler(event, LambdaContext(remaining_ms), self.analysis)
        numbers = [int(one["itemIdentifier"][1:]) for one in answer["batchItemFailures"]]
        return [sent[number].conversation_id for number in numbers]

    def insight(self, conversation_id: str) -> dict[str, Any] | None:
        """The insight as the API shows it."""
        stored = self.parts.insights.stored(conversation_id)
        return None if stored is None else json.loads(stored.document)

    def sent(self) -> list[tuple[Message, int]]:
        """Messages that were sent back since the last time, each with its delay in seconds."""
        found, self._sent = self._sent, []
        return found

    def dead(self) -> list[dict[str, Any]]:
        """The bodies of all dead letters."""
        return self._dead

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        for entry in params["Entries"]:
            if params["QueueUrl"] == self.parts.settings.dead_letter_queue_url:
                self._dead.append(json.loads(entry["MessageBody"]))
            else:
                sent = Message.from_body(entry["MessageBody"])
                self._sent.append((sent, entry["DelaySeconds"]))

    def state(self, name: str) -> dict[str, Any]:
        """An item of the State table."""
        table = self.parts.settings.state_table
        found = self.parts.dynamodb.get_item(TableName=table, Key={"id": {"S": name}})
        return dict(found.get("Item", {}))


def message(conversation_id: str, **fields: Any) -> Message:
    """The first message about a conversation."""
    plain = Message(conversation_id, 1, datetime(2026, 11, 23, 10, 0, tzinfo=UTC))
    return replace(plain, **fields)


class RunningClock(Clock):
    """The real time, and as much more as it was moved: Powertools' breaker has no other one."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))
        self._began = self.at

    def __call__(self) -> datetime:
        return datetime.now(UTC) + (self.at - self._began)
