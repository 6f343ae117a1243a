"""Checks how many calls an outage costs, and that one function at a time probes (D-010)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grok_insights.analysis.calls import PROBE
from tests.simulation.grok import FAILING, OUTAGE

if TYPE_CHECKING:
    from tests.simulation.faults import Burst
    from tests.simulation.scheduler import Task
    from tests.simulation.world import World

REFUSED_ALIKE = 5
"""Refusals in a row that show a wrong setting."""

REFUSALS = ("all_refused", "bad_argument")
OF_GROK = {"server_error", "timeout", "connection", "at_capacity", "rate_limited"}
"""Codes of errors that use an attempt each."""

LAST_REPEATS = 3
CLAIM_SECONDS = 7.5
"""The longest time from the claim of a probe to its call, with the rounding of its lease."""


@dataclass
class Seen:
    """What one environment saw of an outage: its own calls, and the result of them."""

    calls: int = 0
    failures: int = 0
    """In a row, of calls that it started in the outage."""
    failures_at_read: int = 0
    """How many of them it had seen when it read the shared state."""


@dataclass
class Outages:
    """Follows each burst in which Grok answers every call with the same failure."""

    world: World
    seen: dict[tuple[Burst, str], Seen] = field(default_factory=dict)
    partial: set[Burst] = field(default_factory=set)
    is_circuit_unknown: bool = False
    """Whether an environment could not write the circuit, or an operator damaged it."""
    probes: dict[str, float] = field(default_factory=dict)
    """When the probes started that are in flight, by environment."""

    def _burst(self) -> Burst | None:
        return next((one for one in self.world.scenario.bursts if self._is_outage(one)), None)

    def _is_outage(self, burst: Burst) -> bool:
        is_full = burst.service == "grok" and burst.kind in OUTAGE and burst.share == 1.0
        end = min(burst.end, self.world.scenario.calm_at)
        return is_full and burst.begin <= self.world.elapsed < end

    def read(self, name: str) -> None:
        """Record that an environment has read the shared state."""
        for (_, environment), seen in self.seen.items():
            if environment == name:
                seen.failures_at_read = seen.failures

    def call(self, task: Task, text: str, reply: str) -> None:
        """Check a call that starts."""
        if text == PROBE.text:
            self._check_probe(task)
            return
        burst = self._burst()
        if burst is None:
            return
        if reply != burst.kind:
            self.partial.add(burst)
        seen = self.seen.setdefault((burst, task.owner.name), Seen())
        seen.calls += 1
        if burst in self.partial or self.is_circuit_unknown:
            return
        if seen.calls > self._most_calls():
            self.world.violated("outage", f"{task.name} is call {seen.calls} in an outage")
        if seen.failures_at_read >= self._most_failures(burst.kind):
            self.world.violated("outage", f"{task.name} has seen {seen.failures} calls fail")

    def _threshold(self) -> int:
        return int(self.world.scenario.settings["CIRCUIT_BREAKER_FAILURE_THRESHOLD"])

    def _most_calls(self) -> int:
        return 2 * max(self._threshold(), REFUSED_ALIKE) + self.world.scenario.batch_size

    def _most_failures(self, kind: str) -> float:
        """Return after how many failures in a row an environment opens the circuit."""
        if kind in REFUSALS:
            return REFUSED_ALIKE
        return self._threshold() if kind in FAILING else 1

    def answered(self, task: Task, text: str, reply: str) -> None:
        """Record the reply to a call."""
        self.probes.pop(task.owner.name, None)
        if text == PROBE.text:
            return
        for (burst, environment), seen in self.seen.items():
            if environment == task.owner.name:
                is_failure = reply == burst.kind
                seen.failures = seen.failures + 1 if is_failure else 0

    def _check_probe(self, task: Task) -> None:
        """Check that no other function's probe of an open circuit is in flight."""
        state: dict[str, Any] = getattr(task.owner, "state", {})
        item = state.get("circuit#grok") or {}
        if item.get("state", {}).get("S", "CLOSED") == "CLOSED" or self.is_circuit_unknown:
            return
        now = self.world.scheduler.now
        lease = math.ceil(float(self.world.scenario.settings["GROK_TIMEOUT_SECONDS"])) + 1
        others = [at for name, at in self.probes.items() if name != task.owner.name]
        if any(now - at < lease - CLAIM_SECONDS for at in others):
            self.world.violated("probe", f"{task.name} probes Grok while another function does")
        self.probes[task.owner.name] = now

    def ended(self, name: str) -> None:
        """Forget the probe of an environment that died."""
        self.probes.pop(name, None)


def repeats_too_rarely(task: Task, letter: dict[str, Any]) -> bool:
    """Whether a conversation used up its attempts in an outage that this environment knows of.

    The last attempt is repeated three times before (D-011).
    """
    state: dict[str, Any] = getattr(task.owner, "state", {})
    circuit = (state.get("circuit#grok") or {}).get("state", {}).get("S", "CLOSED")
    is_open = circuit == "OPEN" and letter["error"]["code"] in OF_GROK
    is_new = letter["error"]["message"] != "each attempt failed"
    return is_open and is_new and letter.get("repeated_last_attempt", 0) < LAST_REPEATS
