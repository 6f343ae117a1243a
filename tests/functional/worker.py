"""The analysis function on tables of moto, with the real Grok client and the stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from botocore.model import OperationModel

from functions.analysis import app
from grok_insights import wiring
from grok_insights.analysis.batch import BatchAnalysis
from grok_insights.aws.queue import Message
from grok_insights.domain.conversation import Conversation
from grok_insights.grok.analyzer import Analyzer
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


Wrap = Callable[[Analyzer], Analyzer]
"""A function that wraps the analyzer."""


@dataclass
class Worker:
    """The analysis function, its input and its output."""

    parts: Parts
    standin: Standin
    wrap: Wrap | None = None
    analysis: BatchAnalysis = field(init=False)
    _grok: RealGrok | None = None
    _sent: list[tuple[Message, int]] = field(default_factory=list)
    _dead: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        events = self.parts.sqs.meta.events
        events.register("provide-client-params.sqs.SendMessageBatch", self._note)
        self.restart()

    def restart(self) -> None:
        """Start a new execution environment."""
        self.close()
        self._grok = wiring.real_grok(self.parts.settings)
        analyzer: Analyzer = self.wrap(self._grok) if self.wrap else self._grok
        self.analysis = wiring.analysis(self.parts, analyzer)
        # Powertools counts failures by process.
        self.analysis.waves.admission_control.circuit.call(lambda: None)

    def close(self) -> None:
        """End the execution environment."""
        if self._grok is not None:
            self._grok.client.close()
            self.analysis.waves.caller.threads.shutdown()

    def conversation(self, text: str, number: int = 0) -> str:
        """Store a conversation, and return its id."""
        identity = f"{number:08x}-3c1f-5f0e-8f57-2f9d3c0f4a11"
        now = datetime.now(UTC)
        self.parts.conversations.add([Conversation(identity, text, now, now)])
        return identity

    def conversations(self, count: int) -> list[str]:
        """Store many conversations, and return their ids; each text is ``text N``."""
        return [self.conversation(f"text {number}", number) for number in range(count)]

    def run(self, *messages: str | Message, remaining_ms: int = 60_000) -> list[str]:
        """Run one batch; return the conversations whose messages SQS would deliver again."""
        sent = [message(one) if isinstance(one, str) else one for one in messages]
        event = sqs_event([one.to_body() for one in sent])
        for record, one in zip(event["Records"], sent, strict=True):
            record["attributes"]["ApproximateReceiveCount"] = str(one.receives)
        response = app.handler(event, LambdaContext(remaining_ms), self.analysis)
        numbers = [int(one["itemIdentifier"][1:]) for one in response["batchItemFailures"]]
        return [sent[number].conversation_id for number in numbers]

    def insight(self, conversation_id: str) -> dict[str, Any] | None:
        """Return the insight as the API shows it."""
        stored = self.parts.insights.stored(conversation_id)
        return None if stored is None else json.loads(stored.document)

    def sent(self) -> list[tuple[Message, int]]:
        """Return the messages that were sent back since the last call, with their delays."""
        found, self._sent = self._sent, []
        return found

    def dead(self) -> list[dict[str, Any]]:
        """Return the bodies of all dead letters."""
        return self._dead

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        for entry in params["Entries"]:
            if params["QueueUrl"] == self.parts.settings.dead_letter_queue_url:
                self._dead.append(json.loads(entry["MessageBody"]))
            else:
                sent = Message.from_body(entry["MessageBody"])
                self._sent.append((sent, entry["DelaySeconds"]))

    @contextmanager
    def refusing(
        self, operation: str, text: str = "", code: str = "AccessDeniedException"
    ) -> Iterator[None]:
        """Make DynamoDB refuse an operation, or only requests that contain a text."""
        events = self.parts.dynamodb.meta.events
        error = {"Error": {"Code": code, "Message": "refused by the test"}}

        def refuse(model: OperationModel, params: dict[str, Any], **_: Any) -> Any:
            body = params["body"]
            if model.name != operation or text not in (body.decode() if body else ""):
                return None
            return AWSResponse("https://localhost", 400, HTTPHeaders(), None), error

        events.register_last("before-call", refuse)
        try:
            yield
        finally:
            events.unregister("before-call", refuse)

    def lose_a_response(self, operation: str) -> None:
        """Let the response to the next such request of DynamoDB be lost, after its effect."""
        left = iter([True])

        def lose(model: OperationModel, **_: Any) -> None:
            if model.name == operation and next(left, False):
                raise ReadTimeoutError(endpoint_url="https://localhost")

        self.parts.dynamodb.meta.events.register_last("after-call", lose)

    def health(self) -> dict[str, Any]:
        """Return the worker's part of the health report."""
        return dict(wiring.query(self.parts).health().body["worker"])

    def state(self, name: str) -> dict[str, Any]:
        """Return an item of the State table."""
        table = self.parts.settings.state_table
        found = self.parts.dynamodb.get_item(TableName=table, Key={"id": {"S": name}})
        return dict(found.get("Item", {}))


def message(conversation_id: str, **fields: Any) -> Message:
    """Return the first message about a conversation."""
    plain = Message(conversation_id, 1, datetime(2026, 11, 23, 10, 0, tzinfo=UTC))
    return replace(plain, **fields)


class RunningClock(Clock):
    """The real time plus the time that it was moved: Powertools' breaker has no other clock."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))
        self._began = self.at

    def __call__(self) -> datetime:
        return datetime.now(UTC) + (self.at - self._began)
