"""The operations of a scenario, and what a text says about its analysis."""

from __future__ import annotations

from dataclasses import dataclass

HOPELESS, REFUSED, DEADLY, UNSTORABLE = "[hopeless]", "[refused]", "[deadly]", "[unstorable]"
"""Words of a text for which Grok fails, Grok refuses, the calling environment ends, or DynamoDB
never accepts the answer.
"""


WAITS = 99
"""The number of an operation that waits until a job has sent messages or replaced an insight, until
it is cancelled, or until one has replaced the insight that the operation is about.
"""


@dataclass(frozen=True)
class Operation:
    """An action of a client or an operator. ``at`` is in seconds from the start."""

    at: float
    actor: str
    kind: str
    key: str = ""
    text: str = ""
    number: int = 0
    least_calls: int = 0
    """Of a bulk that tops up a run: how many calls the run should have made by then."""

    def __str__(self) -> str:
        return f"{self.at:8.3f}  {self.actor:<9} {self.kind} {self.key} {self.text}".rstrip()
