"""The event source mapping, which invokes the analysis with batches of messages."""

from __future__ import annotations

from functools import partial
from math import floor
from typing import Any

from tests.simulation.faults import KEPT
from tests.simulation.functions import Function
from tests.simulation.scheduler import Signal
from tests.simulation.sqs import Stored
from tests.simulation.urls import QUEUE
from tests.simulation.world import Outside, World

LOST_DELETES = 0.03
"""The share of processed messages that are delivered again, unless the scenario says another."""


class Mapping:
    """Polls the queue as Lambda does, with batches, a window and a maximum concurrency."""

    def __init__(self, world: World, function: Function) -> None:
        self.world, self.function = world, function
        self.running = 0
        self.batches = 0
        self.ended = Signal(world.scheduler)
        self.owner = Outside(world, "mapping")
        self.random = world.scenario.random("mapping")
        self.lost_deletes = world.scenario.rates.get(KEPT, LOST_DELETES)
        world.scheduler.spawn("mapping", self.owner, self._poll)

    def is_idle(self) -> bool:
        """Whether no message is left, and none is being processed."""
        return not self.running and not self.world.sqs.queues[QUEUE].messages

    def least_seconds(self) -> float:
        """Return for how many whole seconds, at least one, it cannot become idle."""
        if self.running:
            return 1.0
        rest = self.world.sqs.queues[QUEUE].next_visible_at() - self.world.scheduler.now
        return max(1.0, float(floor(min(rest, 86_400.0))))

    def _poll(self) -> None:
        world = self.world
        queue = world.sqs.queues[QUEUE]
        while True:
            if self.running >= world.scenario.concurrency:
                self.ended.wait(3600)
                continue
            if not queue.visible(world.scheduler.now):
                rest = queue.next_visible_at() - world.scheduler.now
                world.changed.wait(min(rest, 86_400.0) + 0.000_001)
                continue
            world.scheduler.sleep(self.random.random() * world.scenario.window_seconds)
            batch = world.sqs.deliver(QUEUE, world.scenario.batch_size)
            if batch:
                self._start(batch)

    def _start(self, batch: list[Stored]) -> None:
        self.running += 1
        self.batches += 1
        name = f"batch{self.batches}"
        self.world.note("mapping", name, [f"m{one.number} x{one.receives}" for one in batch])
        handles = [one.handle for one in batch]
        records: list[dict[str, Any]] = [
            {
                "messageId": f"m{one.number}.{one.receives}",
                "body": one.body,
                "attributes": {
                    "ApproximateReceiveCount": str(one.receives),
                    "SentTimestamp": str(round(one.sent_at * 1000)),
                    "ApproximateFirstReceiveTimestamp": str(round(one.first_received_at * 1000)),
                },
            }
            for one in batch
        ]
        bodies = [one.body for one in batch]
        self.world.monitor.reworks.received(f"{name}/analysis", bodies)
        self.world.monitor.payments.received(f"{name}/analysis", batch)
        self.world.scheduler.spawn(name, self.owner, partial(self._invoke, name, records, handles))

    def _invoke(self, name: str, records: list[dict[str, Any]], handles: list[str]) -> None:
        try:
            task = self.function.invoke(f"{name}/analysis", {"Records": records})
            if task.error is None and task.result is not None:
                again = {one["itemIdentifier"] for one in task.result["batchItemFailures"]}
                self.world.monitor.invocation_ended(
                    f"{name}/analysis",
                    [one["body"] for one in records],
                    [one["body"] for one in records if one["messageId"] in again],
                )
                self._delete(
                    [
                        handle
                        for record, handle in zip(records, handles, strict=True)
                        if record["messageId"] not in again
                    ]
                )
        finally:
            self.running -= 1
            self.ended.set()

    def _delete(self, handles: list[str]) -> None:
        calm = self.world.elapsed >= self.world.scenario.calm_at
        for handle in handles:
            if calm or self.random.random() >= self.lost_deletes:
                self.world.sqs.delete_message(QueueUrl=QUEUE, ReceiptHandle=handle)
