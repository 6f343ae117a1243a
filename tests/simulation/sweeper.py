"""DynamoDB's time to live: expired items are deleted one by one, some long after their time."""

from __future__ import annotations

from tests.simulation.world import World

SWEEPS_SECONDS = 5.0
SHARE = 0.1
"""The share of expired items that one sweep deletes: DynamoDB only promises a few days."""


class Sweeper:
    """Deletes expired items."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.scenario.random("sweeper")
        self.is_done = False

    def sweep(self) -> None:
        while not self.is_done:
            self.world.scheduler.sleep(SWEEPS_SECONDS)
            for table in self.world.dynamodb.tables.values():
                if table.expires_by:
                    self._sweep(table.name, table.expires_by)

    def _sweep(self, name: str, attribute: str) -> None:
        now = self.world.scheduler.now
        for key, item in list(self.world.dynamodb.tables[name].items.items()):
            over = attribute in item and float(item[attribute]["N"]) < now
            if over and self.random.random() < SHARE:
                self.world.dynamodb.expire(name, key)
                self.world.note("expiry", f"{name}[{key[0]}] -> gone")
