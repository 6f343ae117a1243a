"""Checks that calls start at their times, and never more of them in a second than the pace."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from grok_insights.analysis.admission import LATE_SECONDS
from grok_insights.analysis.calls import LATEST_PROBE_SECONDS, PROBE
from tests.simulation.scheduler import SECOND

if TYPE_CHECKING:
    from tests.simulation.scheduler import Task
    from tests.simulation.world import World

WITHIN_SECONDS = 1.35
"""Starts within a second, with clocks that differ by 0.1 s and waves that are 0.25 s late."""

TICK_SECONDS = 0.001


class PaceCheck:
    """Follows the shared timetable and the calls."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.per_second = float(world.scenario.settings["GROK_MAX_REQUESTS_PER_SECOND"])
        self.unknown_until = 0.0
        """Until when the item of the timetable may be damaged, in seconds from the start."""
        self.starts: deque[int] = deque()
        self.first_starts: dict[str, float] = {}
        self.last_starts: dict[str, float] = {}
        """The start times of the first and the last call that an invocation has claimed, by its own
        clock."""

    def written(self, task: Task, request: Any, before: Sequence[tuple[str, Any, Any]]) -> None:
        """Record the start times that a write of the timetable has claimed."""
        if request["Key"]["id"]["S"] != "pace":
            return
        [(_, _, old)] = before
        if "next_us + :taken" in request["UpdateExpression"]:
            self.first_starts[task.invocation] = float(old["next_us"]["N"]) / SECOND
        item = self.world.dynamodb.tables["state"].items["pace",]
        last = float(item["next_us"]["N"]) / SECOND - 1 / self.per_second
        earlier = self.last_starts.get(task.invocation, last)
        self.last_starts[task.invocation] = max(earlier, last)

    def call(self, task: Task, text: str, now: float) -> None:
        """Check a call that starts. ``now`` is the time of its environment's clock."""
        starts, now_us = self.starts, self.world.scheduler.now_us
        starts.append(now_us)
        while now_us - starts[0] >= SECOND:
            starts.popleft()
        if self.world.elapsed < self.unknown_until:
            return
        if len(starts) > int(self.per_second * WITHIN_SECONDS) + 1:
            found = f"call {len(starts)} within a second, at {self.per_second:g}"
            self.world.violated("pace", f"{task.name} makes {found}")
        early = self.first_starts.get(task.invocation, 0.0) - now
        if early > TICK_SECONDS:
            self.world.violated("pace", f"{task.name} starts {early:.3f} s before its time")
        late = now - self.last_starts.get(task.invocation, 0.0)
        if late > (LATEST_PROBE_SECONDS if text == PROBE.text else LATE_SECONDS) + TICK_SECONDS:
            self.world.violated("pace", f"{task.name} starts {late:.3f} s after its time")
