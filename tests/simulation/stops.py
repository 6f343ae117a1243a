"""Checks that calls stop, and that few are made until they do.

Each wave reads the shared state once, so a wave is what an environment does between two reads. The
bounds are those of ``docs/decisions.md``: D-010 (outages), D-053 (trials) and D-060 (storage).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grok_insights.analysis.calls import PROBE
from tests.simulation.aws import saved_by
from tests.simulation.grok import LIMITED, NO_CREDITS, REFUSING

if TYPE_CHECKING:
    from tests.simulation.scheduler import Task
    from tests.simulation.world import World

TIMED = ("credits", "storage")
STORAGE_SECONDS = 60.0
READ_SECONDS = 45.0
"""The longest time of a request with its retries: a claim may take effect that late."""

ROUNDED_SECONDS = 1.1
"""Pauses are stored in whole seconds, and clocks differ by 0.1 s."""


@dataclass
class Wave:
    """What one environment did since it read the shared state."""

    calls: int = 0
    trials: set[str] = field(default_factory=set)
    has_checked: bool = False
    """Whether a check of writes has passed."""
    quiet: dict[str, float] = field(default_factory=dict)
    """Until when it must make no call from its next wave on, by the item that says so."""
    paid: int = 0
    saves: int = 0
    is_accepted: bool = False
    """Whether Grok answered a call, or refused only its conversation."""


class Stops:
    """Follows the waves of each environment."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.waves: defaultdict[str, Wave] = defaultdict(Wave)
        self.quiet: dict[str, float] = {}
        self.damaged: set[str] = set()

    def read(self, name: str) -> None:
        """Begin a wave: an environment has read the shared state."""
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
            if name != "storage":  # without it, this environment alone is quiet
                wave.quiet.pop(name, None)

    def damage(self, item: str) -> None:
        """Record that an operator wrote or deleted an item of the State table."""
        self.damaged.add(item)
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

    def has_checked(self, task: Task) -> None:
        """Record that the environment has found out that writes succeed again."""
        self.waves[task.owner.name].has_checked = True

    def _check_claim(self, task: Task, request: Any, before: Any) -> None:
        """Check that no trial is claimed while another one is in progress."""
        values = request["ExpressionAttributeValues"]
        if ":seen" not in values:
            self._check_end(task, request, before)
            return
        [(_, key, item)] = before
        until = (item or {}).get("until", {}).get("N", "0")
        if float(until) > self.world.scheduler.now + ROUNDED_SECONDS:
            self.world.violated("trial", f"{task.name} claims the trial of {key[0]} of another")
        retry = float(self.world.scenario.settings["CREDITS_RETRY_SECONDS"])
        seconds = STORAGE_SECONDS if key[0] == "storage" else retry
        if float(values[":until"]["N"]) < self.world.scheduler.now + seconds - READ_SECONDS:
            self.world.violated("trial", f"{task.name} claims the trial of {key[0]} too briefly")

    def _check_end(self, task: Task, request: Any, before: Any) -> None:
        """Check that a pause ends only after its last trial has succeeded."""
        [(_, _, item)] = before
        if (item or {}).get("trial") != request["ExpressionAttributeValues"][":trial"]:
            self.world.violated("trial", f"{task.name} ends a pause that is newer than its trial")
        wave = self.waves[task.owner.name]
        name = request["Key"]["id"]["S"]
        if not (wave.saves if name == "storage" else wave.is_accepted):
            self.world.violated("trial", f"{task.name} ends the pause for {name} untried")

    def answered(self, task: Task, text: str, reply: str, *, is_usable: bool) -> None:
        """Record a reply of Grok that the environment has received."""
        wave = self.waves[task.owner.name]
        wave.paid += is_usable and text != PROBE.text
        wave.is_accepted |= is_usable or reply in REFUSING
        if reply in NO_CREDITS:
            retry = float(self.world.scenario.settings["CREDITS_RETRY_SECONDS"])
            self._quieten(task, "credits", retry - ROUNDED_SECONDS)
        elif reply in LIMITED:
            self._quieten(task, "pace", LIMITED[reply])

    def _quieten(self, task: Task, item: str, seconds: float) -> None:
        quiet = self.waves[task.owner.name].quiet
        if item not in self.damaged:
            quiet[item] = max(quiet.get(item, 0.0), self.world.scheduler.now + seconds)

    def call(self, task: Task, text: str) -> None:
        """Check a call to Grok that starts."""
        name = task.owner.name
        wave = self.waves[name]
        wave.calls += 1
        self._check_wave(task, wave, text)
        early = self.quiet.get(name, 0.0) - self.world.scheduler.now
        if early > 0:
            self.world.violated("quiet", f"{task.name} calls Grok {early:.1f} s too early")

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
            if pause == "storage" and not wave.has_checked:
                self.world.violated("trial", f"{task.name} has not checked whether writes succeed")
            if wave.calls > 1:
                self.world.violated("trial", f"{task.name} is a second call in a trial of {pause}")
