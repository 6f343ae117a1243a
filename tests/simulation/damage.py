"""Damaged items of the State table: an operator writes them by hand, and repairs them later.

Most of them must stop calls, and the health check names them. The others only steer, and the next
write of the product replaces them (D-052).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.simulation.money import SPEND

if TYPE_CHECKING:
    from tests.simulation.functions import Response
    from tests.simulation.world import World

STATE = "state"
ONE: dict[str, Any] = {"N": "1"}
WRONG: dict[str, Any] = {"S": "x"}


@dataclass(frozen=True)
class Variant:
    """An item that is damaged in one attribute. ``spend#`` stands for the item of today."""

    item: str
    content: dict[str, Any]
    attribute: str
    stops: bool = True


VARIANTS = (
    Variant("circuit#grok", {"state": {"S": "OPEN"}}, "opened_at"),
    Variant("circuit#grok", {"state": ONE}, "state"),
    Variant("circuit#grok", {"state": {"S": "AJAR"}}, "state"),
    Variant("circuit#grok", {"state": {"S": "HALF_OPEN"}, "opened_at": ONE}, "probe_lease_expiry"),
    Variant("credits", {"since": ONE, "until": {"N": "1.5"}}, "until"),
    Variant("credits", {"until": ONE}, "since"),
    Variant("storage", {"since": {"L": []}, "until": ONE}, "since"),
    Variant("storage", {"since": ONE, "until": {"M": {}}}, "until"),
    Variant(SPEND, {"ticks": {"M": {}}}, "ticks"),
    Variant(SPEND, {"ticks": {"N": "-1000000000"}}, "ticks"),
    Variant("pause", {"since": ONE}, "since"),
    Variant("batch_size", {"size": WRONG}, "size", stops=False),
    Variant("batch_size", {"size": {"N": "-1"}}, "size", stops=False),
    Variant("pace", {"next_us": WRONG}, "next_us", stops=False),
    Variant("pace", {"next_us": {"N": "9" * 18}}, "next_us", stops=False),
    Variant("totals", {"cost_ticks": WRONG}, "cost_ticks", stops=False),
)


class Damage:
    """The items that are damaged now, by id."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stopping: dict[str, tuple[Variant, dict[str, Any]]] = {}

    def write(self, number: int, now: datetime) -> tuple[str, Variant] | None:
        """Damage an item, and return its id and how; None if nothing is to be damaged."""
        variant = VARIANTS[number % len(VARIANTS)]
        if variant.item == SPEND and not self.world.monitor.budget:
            return None
        name = f"{SPEND}{now.date().isoformat()}" if variant.item == SPEND else variant.item
        item = {"id": {"S": name}, **variant.content}
        self._forget(name)
        if variant.stops:
            self.stopping[name] = variant, item
        self.world.dynamodb_client.put_item(TableName=STATE, Item=item)
        self._forget(name)
        return name, variant

    def repair(self) -> None:
        """Delete each item that is still damaged, as the operating manual says."""
        for name, (_, item) in list(self.stopping.items()):
            if self.is_there(name) or self._is_negative(name):
                self._forget(name)
                key = {"id": item["id"]}
                self.world.dynamodb_client.delete_item(TableName=STATE, Key=key)
                self._forget(name)
            del self.stopping[name]

    def is_there(self, name: str) -> bool:
        """Whether an item is still as it was damaged."""
        _, item = self.stopping.get(name, (None, None))
        return item is not None and self._stored(name) == item

    def _is_negative(self, name: str) -> bool:
        """Whether reservations were added to a damaged item, and it is damaged nevertheless."""
        ticks = (self._stored(name) or {}).get("ticks", {})
        return int(ticks.get("N", "0")) < 0

    def _stored(self, name: str) -> Any:
        return self.world.dynamodb.tables[STATE].items.get((name,))

    def _forget(self, name: str) -> None:
        """Let the monitor expect nothing that the overwritten item would have ensured."""
        monitor = self.world.monitor
        monitor.stops.damage(name)
        if name.startswith(SPEND):
            monitor.money.is_known = False
        monitor.outages.is_circuit_unknown |= name == "circuit#grok"
        if name == "totals":
            monitor.are_totals_exact = False
        if name == "pace":
            monitor.pace.unknown_until = self.world.elapsed + 60

    def stops(self, state: dict[str, Any]) -> str:
        """Return the item by which what an environment has read must stop its calls."""
        found = (name for name, (_, item) in self.stopping.items() if state.get(name) == item)
        return next(found, "")

    def check_health(self, name: str, variant: Variant, response: Response) -> None:
        """Check that the health check, some seconds after the damage, names it."""
        worker = response.body["worker"] if isinstance(response.body, dict) else {}
        if worker.get("reason") in {None, "state_unreachable"} and worker.get("state") != "running":
            return
        if variant.item != "pause" and self._stored("pause") is not None:
            return
        wanted = "paused_by_operator" if variant.item == "pause" else "state_unreadable"
        place = f"item {name} of the State table: {variant.attribute} is "
        if worker.get("reason") != wanted or place not in worker.get("detail", ""):
            self.world.violated("health", f"{name} is damaged, and the health says {worker}")
