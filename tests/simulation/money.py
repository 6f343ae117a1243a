"""Checks that each call is paid from a reservation, and that spending is recorded to the tick.

The item of a day has an attribute for each reservation that was not settled, so that the spending
is known exactly even if an environment dies: it is the use of the settled waves, and the estimates
of the others.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from grok_insights.flow.budget import estimated_cost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.scheduler import Task
    from tests.simulation.world import World

SPEND = "spend#"
KNOWN = {"id", "ticks", "expiration"}


def reserves(request: Any) -> bool:
    """Whether a write reserves an estimate from a day's budget."""
    return ":budget" in request.get("ExpressionAttributeValues", {})


class Money:
    """Follows the reservations of all environments."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.is_known = True
        """False after an operator damaged the item of a day."""
        self.owners: dict[str, str] = {}
        self.spent_before: dict[str, int] = {}
        """What was spent of the day when a reservation was made."""
        self.current: dict[str, tuple[str, int]] = {}
        """The reservation of each environment, and the ticks that its calls have left."""
        self.behind: set[str] = set()
        """The environments that have not written a change of a day since their last reservation."""
        self.usd_per_1k = Decimal(world.scenario.settings["GROK_COST_PER_1K"])

    def read(self, name: str) -> None:
        """Begin a wave: it needs a reservation of its own."""
        self.current.pop(name, None)

    def reserved(self, task: Task, request: Any) -> None:
        """Check a reservation that had its effect: it is made from a budget that is not spent, by
        an environment whose earlier reservations were settled.
        """
        values = request["ExpressionAttributeValues"]
        item = self.world.dynamodb.tables["state"].items[request["Key"]["id"]["S"],]
        taken = int(values[":ticks"]["N"])
        own = request["ExpressionAttributeNames"]["#own"]
        name = task.owner.name
        if not self.is_known:
            return
        self.spent_before[own] = int(item["ticks"]["N"]) - taken
        if int(item["ticks"]["N"]) - taken >= getattr(task.owner, "budget_ticks", 0):
            self.world.violated("budget", "a wave was paid from a budget that was spent")
        self.behind.discard(name)
        open_ = self._open(name) - {own}
        if open_:
            self.world.violated("reservation", f"{task.name} has not settled {sorted(open_)}")
        self.owners[own] = name

    def gave_up(self, name: str) -> None:
        """Record that an environment could not write a change of a day's item."""
        self.behind.add(name)

    def ended(self, name: str) -> None:
        """Check that an environment that has ended a batch has settled its reservations."""
        open_ = self._open(name)
        if open_ and self.is_known and name not in self.behind:
            self.world.violated("reservation", f"{name} ends a batch and leaves {sorted(open_)}")

    def _open(self, name: str) -> set[str]:
        return {one for one in self.unsettled() if self.owners.get(one) == name}

    def may_call(self, task: Task, request: Any) -> None:
        """Record that the environment knows of its reservation."""
        ticks = int(request["ExpressionAttributeValues"][":ticks"]["N"])
        own = request["ExpressionAttributeNames"]["#own"]
        self.current[task.owner.name] = own, ticks

    def call(self, task: Task, text: str, overhead_tokens: int) -> str:
        """Check that a call was reserved, and return its reservation."""
        name = task.owner.name
        if not getattr(task.owner, "budget_ticks", 0):
            return ""
        own, left = self.current.get(name, ("", 0))
        left -= estimated_cost(text, self.usd_per_1k, overhead_tokens).ticks
        if left < 0:
            self.world.violated("budget", f"{task.name} calls Grok without a reservation")
        self.current[name] = own, left
        return own

    def unsettled(self) -> dict[str, int]:
        """Return the ticks of the reservations that were not settled."""
        return {
            name: int(value["N"])
            for item in self._days()
            for name, value in item.items()
            if name not in KNOWN and value["N"] != "0"
        }

    def _days(self) -> Iterator[Any]:
        for key, item in self.world.dynamodb.tables["state"].items.items():
            if key[0].startswith(SPEND):
                yield item

    def check(self) -> None:
        """Check that the recorded spending is what was used and what dead waves had reserved."""
        monitor = self.world.monitor
        if not (monitor.budget and self.is_known) or monitor.absurd:
            return
        spent = sum(int(item["ticks"]["N"]) for item in self._days())
        open_ = self.unsettled()
        used = sum(call.booked_ticks for call in monitor.grok if call.reservation not in open_)
        if spent != used + sum(open_.values()):
            known = f"{used} were used, and {sum(open_.values())} are reserved"
            self.world.violated("spend", f"spent are {spent} ticks, {known}")
