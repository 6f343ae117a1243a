"""Checks how often Grok is paid for one text, and when it is not asked again (D-060)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grok_insights.analysis.calls import PROBE
from tests.simulation.recount import text_of
from tests.simulation.urls import QUEUE

if TYPE_CHECKING:
    from tests.simulation.scheduler import Task
    from tests.simulation.sqs import Stored
    from tests.simulation.world import World


MOST_LOST = 3
"""How many answers of one message may be lost (D-060). The code has a constant of its own."""


@dataclass
class Received:
    """What one invocation has received: how many answers were lost, by conversation and message.

    ``sent`` are the conversations whose message it has sent again.
    """

    unsaved: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    texts: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    sent: set[str] = field(default_factory=set)


@dataclass
class Payments:
    """Counts what may be paid for, by text: each message once, and once for each lost answer."""

    world: World
    messages: Counter[str] = field(default_factory=Counter)
    """Messages about a text. One that is delivered again, or sent again twice, is another one."""
    lost: Counter[str] = field(default_factory=Counter)
    """Answers that could not be saved, as the messages say that were sent again."""
    usable: Counter[str] = field(default_factory=Counter)
    """Answers that were paid for."""
    batches: dict[str, Received] = field(default_factory=dict)

    def received(self, name: str, batch: Sequence[Stored]) -> None:
        """Record the batch of an invocation."""
        found = self.batches[name] = Received()
        for one in batch:
            message = json.loads(one.body)
            identity, unsaved = message["conversation_id"], message.get("unsaved", 0)
            text = self._text(identity)
            found.unsaved[identity].append(unsaved)
            found.texts[text].append(unsaved)
            self.messages[text] += one.receives > 1

    def sent(self, task: Task, request: Any, outcome: Any) -> None:
        """Record the messages that were stored in the queue."""
        if request["QueueUrl"] != QUEUE:
            return
        stored = {one["Id"] for one in outcome["Successful"]}
        batch = self.batches.get(task.invocation)
        for entry in request["Entries"]:
            if entry["Id"] not in stored:
                continue
            message = json.loads(entry["MessageBody"])
            identity = message["conversation_id"]
            text = self._text(identity)
            if batch is None or identity in batch.sent:
                self.messages[text] += 1
                continue
            batch.sent.add(identity)
            self.lost[text] += message.get("unsaved", 0) > min(batch.unsaved[identity])

    def call(self, task: Task, text: str) -> None:
        """Check that a call is not made after too many answers were lost."""
        batch = self.batches.get(task.invocation)
        unsaved = batch.texts.get(text) if batch else None
        if unsaved and min(unsaved) >= MOST_LOST:
            self.world.violated("unsaved", f"{task.name} asks again after {unsaved} lost answers")

    def paid(self, text: str) -> None:
        """Check that an answer is paid for by a message of its own, or after a lost answer."""
        if text == PROBE.text:
            return
        self.usable[text] += 1
        if self.usable[text] > self.messages[text] + self.lost[text]:
            found = f"{self.messages[text]} messages and {self.lost[text]} lost answers"
            self.world.violated("paid", f"a text was paid for {self.usable[text]} times: {found}")

    def _text(self, conversation_id: str) -> str:
        """Return the text of a conversation; empty if there is none, so that no call is made."""
        item = self.world.dynamodb.tables["conversations"].items.get((conversation_id,), {})
        return text_of(item) if item.keys() & {"text", "turns"} else ""
