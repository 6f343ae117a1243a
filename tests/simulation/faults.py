"""Faults and their times: a fault for each call, drawn from the calling task's own random numbers.

Each task has its own stream of random numbers, so removing one fault does not change the others.
This makes it possible to shrink a failing run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.simulation.scheduler import Task

AWS_KINDS = (
    "throttled",  # refused before its effect
    "unreachable",  # no connection
    "server_error",  # a 500 before its effect
    "server_error_after",  # a 500 after its effect
    "lost",  # the write happened, but the response was lost
    "slow",  # takes seconds, both ways
    "conflict",  # another transaction holds an item
    "partial",  # a batch is processed in part
    "stale",  # a read returns the item before the last write
    "killed_before",  # the environment dies before the effect
    "killed_after",  # and after it
)
ONLY_FOR = {
    "conflict": {"transact_write_items"},
    "partial": {"batch_get_item", "send_message_batch"},
    "stale": {"get_item", "query"},
}
GROK_KINDS = ("refused_connection", "no_connection", "killed_before", "killed_after")
"""Faults in addition to the replies of the stand-in."""

KILLS = {"killed_before", "killed_after"}

DUPLICATED, KEPT = "delivered_twice", "not_deleted"
"""Rates of the queue: deliveries after which a message is delivered again, while it is processed or
after it was processed.
"""

SAVE, ERASE, OUTCOME, PAUSE_STORAGE = "save", "erase", "outcome", "storage"
"""Second names of transactions that save insights, that erase and that record failures of jobs, and
of writes of the pause for storage. A write of one item has the beginning of the item's id as its
second name, like ``spend``.
"""


@dataclass(frozen=True)
class Burst:
    """A period in which a share of the calls of one kind get one fault.

    A period that begins after the end of all other faults is kept: items expire then.
    """

    begin: float
    end: float
    service: str
    operation: str
    kind: str
    share: float

    def covers(self, at: float, service: str, operation: str, alias: str) -> bool:
        return (
            self.begin <= at < self.end
            and self.service == service
            and self.operation in {"", operation, alias}
        )


@dataclass
class Faults:
    """Draws faults. ``allowed`` None allows all; else only those of these calls happen."""

    rates: dict[str, float]
    bursts: list[Burst]
    end: float
    allowed: frozenset[tuple[str, int]] | None = None
    happened: list[tuple[str, int, str]] = field(default_factory=list)
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    sums: dict[tuple[str, ...], float] = field(default_factory=dict)

    def draw(
        self,
        task: Task,
        at: float,
        service: str,
        operation: str,
        kinds: Iterable[str],
        *,
        alias: str = "",
    ) -> str:
        """Return the fault of one call; empty if there is none.

        ``at`` counts from the run's start. ``alias`` is a second name of the operation, for bursts.
        """
        name = f"{service}.{operation}"
        self.calls[name] += 1
        chance, choice = task.random.random(), task.random.random()
        wanted = tuple(kinds)
        burst = self._burst(at, service, operation, wanted, alias)
        if at >= self.end and (burst is None or burst.begin < self.end):
            return ""
        if burst is not None:
            kind = burst.kind if choice < burst.share else ""
        else:
            kind = self._drawn(chance, wanted)
        if not kind or operation not in ONLY_FOR.get(kind, {operation}):
            return ""
        if self.allowed is not None and (task.name, task.calls) not in self.allowed:
            return ""
        self.happened.append((task.name, task.calls, kind))
        self.coverage[kind, name] += 1
        return kind

    def _sum(self, kinds: tuple[str, ...]) -> float:
        """Return the share of calls that get any of some faults; it is computed once."""
        if kinds not in self.sums:
            self.sums[kinds] = sum(self.rates.get(kind, 0.0) for kind in kinds) + 1e-9
        return self.sums[kinds]

    def _burst(
        self, at: float, service: str, operation: str, kinds: tuple[str, ...], alias: str
    ) -> Burst | None:
        covering = (one for one in self.bursts if one.covers(at, service, operation, alias))
        return next((one for one in covering if one.kind in kinds), None)

    def _drawn(self, chance: float, kinds: tuple[str, ...]) -> str:
        if chance >= self._sum(kinds):
            return ""
        for kind in kinds:
            chance -= self.rates.get(kind, 0.0)
            if chance < 0:
                return kind
        return ""
