"""Checks that calls stop, and that few are made until they do.

Each wave reads the shared state once, so a wave is what an environment does between two reads. The
bounds are those of ``docs/decisions.md``: D-010 (outages), D-053 (trials) and D-060 (storage).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grok_insights.analysis.calls import PROBE
from tests.simulation.aws import saved_by
from tests.simulation.grok import LIMITED, NO_CREDITS, OUTAGE

if TYPE_CHECKING:
    from tests.simulation.faults import Burst
    from tests.simulation.scheduler import Task
    from tests.simulation.world import World

TIMED = ("credits", "storage")
STORAGE_SECONDS = 60.0
ROUNDED_SECONDS = 1.1
"""Pauses are stored in whole seconds, and clocks differ by 0.1 s."""

REFUSED_ALIKE = 5
"""Refusals in a row that show a wrong setting."""


@dataclass
class Wave:
    """What one environment did since it read the shared state."""

    calls: int = 0
    trials: set[str] = field(default_factory=set)
    quiet: dict[str, float] = field(default_factory=dict)
    """Until when it must make no call from its next wave on, by the item that says so."""
    paid: int = 0
    saves: int = 0


class Stops:
    """Follows the waves of each environment."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.waves: defaultdict[str, Wave] = defaultdict(Wave)
        self.quiet: dict[str, float] = {}
        self.in_outage: Counter[tuple[Burst, str]] = Counter()
        self.partial: set[Burst] = set()
        self.is_circuit_unknown = False
        self.damaged: set[str] = set()

    def read(self, task: Task) -> None:
        """Begin a wave: the environment has read the shared state."""
        name = task.owner.name
        ended = self.waves.pop(name, Wave())
        self.quiet[name] = max(self.quiet.get(name, 0.0), *ended.quiet.values(), 0.0)

    def gave_up(self, task: Task, request: Any) -> None:
        """Record that a write failed finally."""
        wave = self.waves[task.owner.name]
        if "TransactItems" in request:
            if wave.paid and not wave.saves and saved_by(request):
                self._quieten(task, "storage", STORAGE_SECONDS - ROUNDED_SECONDS)
        elif request.get("TableName") == "state":
            name = (request.get("Key") or request["Item"])["id"]["S"]
            self.is_circuit_unknown |= name == "circuit#grok"
            if name != "storage":  # without it, this environment alone is quiet
                wave.quiet.pop(name, None)

    def damage(self, item: str) -> None:
        """Record that an operator wrote or deleted an item of the State table."""
        self.damaged.add(item)
        self.is_circuit_unknown |= item == "circuit#grok"
        self.quiet.clear()
        for wave in self.waves.values():
            wave.quiet.clear()

    def changed(self, task: Task, operation: str, request: Any, before: Any) -> None:
        """Check a write that had its effect."""
        if operation == "update_item" and ":trial" in request.get("ExpressionAttributeValues", {}):
            self._check_claim(task, request, before)

    def answered_save(self, task: Task) -> None:
        """Record that a transaction saved insights, or was refused by a condition."""
        wave = self.waves[task.owner.name]
        wave.saves += 1
        wave.quiet.pop("storage", None)

    def has_trial(self, task: Task, request: Any) -> None:
        """Record that the environment may make the trial of a pause."""
        if ":seen" in request.get("ExpressionAttributeValues", {}):
            self.waves[task.owner.name].trials.add(request["Key"]["id"]["S"])

    def _check_claim(self, task: Task, request: Any, before: Any) -> None:
        """Check that no trial is claimed while another one is in progress."""
        values = request["ExpressionAttributeValues"]
        if ":seen" not in values:
            return
        [(_, key, item)] = before
        until = (item or {}).get("until", {}).get("N", "0")
        if float(until) > self.world.scheduler.now + ROUNDED_SECONDS:
            self.world.violated("trial", f"{task.name} claims the trial of {key[0]} of another")

    def answered(self, task: Task, text: str, reply: str, *, is_usable: bool) -> None:
        """Record a reply of Grok that the environment has received."""
        wave = self.waves[task.owner.name]
        wave.paid += is_usable and text != PROBE.text
        if reply in NO_CREDITS:
            retry = float(self.world.scenario.settings["CREDITS_RETRY_SECONDS"])
            self._quieten(task, "credits", retry - ROUNDED_SECONDS)
        elif reply in LIMITED:
            self._quieten(task, "pace", LIMITED[reply])

    def _quieten(self, task: Task, item: str, seconds: float) -> None:
        quiet = self.waves[task.owner.name].quiet
        if item not in self.damaged:
            quiet[item] = max(quiet.get(item, 0.0), self.world.scheduler.now + seconds)

    def call(self, task: Task, text: str, reply: str) -> None:
        """Check a call to Grok that starts."""
        name = task.owner.name
        wave = self.waves[name]
        wave.calls += 1
        self._check_wave(task, wave, text)
        early = self.quiet.get(name, 0.0) - self.world.scheduler.now
        if early > 0:
            self.world.violated("quiet", f"{task.name} calls Grok {early:.1f} s too early")
        self._check_outage(task, text, reply)

    def _check_wave(self, task: Task, wave: Wave, text: str) -> None:
        if wave.calls > self.world.scenario.batch_size:
            self.world.violated(
                "wave", f"{task.name} is call {wave.calls} of one read of the state"
            )
        state: dict[str, Any] = getattr(task.owner, "state", {})
        for pause in TIMED:
            if "until" not in (state.get(pause) or {}) or text == PROBE.text:
                continue
            if pause not in wave.trials:
                self.world.violated("trial", f"{task.name} calls Grok without the trial of {pause}")
            if wave.calls > 1:
                self.world.violated("trial", f"{task.name} is a second call in a trial of {pause}")

    def _check_outage(self, task: Task, text: str, reply: str) -> None:
        """Check the calls that one environment starts in an outage, which is a full burst."""
        scenario = self.world.scenario
        burst = next((one for one in scenario.bursts if self._is_outage(one)), None)
        if burst is None or text == PROBE.text:
            return
        if reply != burst.kind:
            self.partial.add(burst)
        self.in_outage[burst, task.owner.name] += 1
        threshold = int(scenario.settings["CIRCUIT_BREAKER_FAILURE_THRESHOLD"])
        bound = 2 * max(threshold, REFUSED_ALIKE) + scenario.batch_size
        is_known = burst not in self.partial and not self.is_circuit_unknown
        if is_known and self.in_outage[burst, task.owner.name] > bound:
            self.world.violated("outage", f"{task.name} goes on asking in an outage")

    def _is_outage(self, burst: Burst) -> bool:
        is_full = burst.service == "grok" and burst.kind in OUTAGE and burst.share == 1.0
        return is_full and burst.begin <= self.world.elapsed < burst.end
