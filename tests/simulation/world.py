"""The world around the deployed code: services, clocks, faults, and monitoring."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import time_machine
from aws_lambda_powertools.event_handler.api_gateway import BaseRouter
from aws_lambda_powertools.utilities.circuit_breaker import base as breaker

from grok_insights.aws import concurrent
from tests.simulation.aws import Client
from tests.simulation.contract import tables, time_to_live
from tests.simulation.dynamodb import DynamoDB
from tests.simulation.faults import DUPLICATED, Faults
from tests.simulation.monitor import Monitor
from tests.simulation.profiles import Profiles
from tests.simulation.scheduler import SECOND, Pool, Scheduler, Signal, Task
from tests.simulation.sqs import DUPLICATES, SQS
from tests.simulation.trace import Trace

if TYPE_CHECKING:
    from random import Random

    from tests.simulation.scenario import Scenario

MAX_SKEW_US = 50_000
"""Half of the 100 ms by which the clocks of two functions may differ."""

MAX_CALLS = 12_000
"""Ten times the number of calls in the longest runs."""

AWS_THREADS = 16


class Clock:
    """The time that ``datetime.now`` and ``time.time`` return in this process."""

    def __init__(self, start: datetime) -> None:
        self.travel = time_machine.travel(start, tick=False)
        self.us = round(start.timestamp() * SECOND)
        self.traveller = self.travel.start()

    def set(self, us: int) -> None:
        if us != self.us:
            self.traveller.shift(timedelta(microseconds=us - self.us))
            self.us = us

    def stop(self) -> None:
        self.travel.stop()


class Outside:
    """A party that is not an environment: a client, an operator, AWS itself.

    It has the true time.
    """

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.pool = Pool(world.scheduler, self, AWS_THREADS, "t")

    def begin(self, task: Task) -> None:
        concurrent.executor.set(self.pool)

    def enter(self, task: Task) -> None:
        self.world.clock.set(self.world.scheduler.now_us)

    def leave(self, task: Task) -> None:
        pass


class Environment:
    """One execution environment: its clock, and what its process would keep in memory."""

    def __init__(self, world: World, name: str, random: Random) -> None:
        self.world, self.name = world, name
        self.skew_us = random.randint(-MAX_SKEW_US, MAX_SKEW_US)
        if world.scenario.has_extreme_clocks:
            is_odd = int(name.rsplit("-", 1)[1]) % 2
            self.skew_us = MAX_SKEW_US if is_odd else -MAX_SKEW_US
        self.is_alive = True
        self.is_busy = False
        self.service: Any = None
        self.tasks: list[Task] = []
        self.pool = Pool(world.scheduler, self, AWS_THREADS, "t")
        self.failures: dict[str, int] = {}
        self.successes: dict[str, int] = {}
        self.observed: dict[str, Any] = {}
        self.request: tuple[Any, Any] = (None, None)
        self.budget_ticks = 0
        self.state: dict[str, Any] = {}
        """The shared state that it read last, for the monitor."""

    def begin(self, task: Task) -> None:
        concurrent.executor.set(self.pool)
        self.tasks.append(task)

    def enter(self, task: Task) -> None:
        """Set the process-wide variables of libraries to the values of this environment."""
        self.world.clock.set(self.world.scheduler.now_us + self.skew_us)
        breaker._LOCAL_FAILURES = self.failures  # noqa: SLF001 - a process of its own has its own
        breaker._LOCAL_SUCCESSES = self.successes  # noqa: SLF001
        breaker._LAST_OBSERVED_STATE = self.observed  # noqa: SLF001
        breaker._PROBE_OWNER.pid = self.world.process_id  # noqa: SLF001
        breaker._PROBE_OWNER.id = f"{self.name}#{task.slot}"  # noqa: SLF001
        BaseRouter.current_event, BaseRouter.lambda_context = self.request

    def leave(self, task: Task) -> None:
        if task.is_done:
            self.tasks = [one for one in self.tasks if one is not task]
        if hasattr(BaseRouter, "current_event"):
            self.request = (BaseRouter.current_event, BaseRouter.lambda_context)


class World:
    """All parts of one run."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.process_id = os.getpid()
        start = scenario.start
        self.scheduler = Scheduler(scenario.seed, round(start.timestamp()))
        self.start_us = self.scheduler.now_us
        self.clock = Clock(start.astimezone(UTC))
        self.trace = Trace(self.start_us)
        self.random = scenario.random("world")
        self.faults = Faults(
            scenario.rates, scenario.bursts, scenario.calm_at, allowed=scenario.allowed
        )
        self.dynamodb = DynamoDB(lambda: self.scheduler.now)
        self.sqs = SQS(
            lambda: self.scheduler.now,
            scenario.random("queue"),
            scenario.rates.get(DUPLICATED, DUPLICATES),
        )
        self.changed = Signal(self.scheduler)
        self.sqs.on_change = self.changed.set
        self._create()
        self._know_plans(scenario.known_plans)
        self.dynamodb_client = Client(self, "dynamodb", self.dynamodb)
        self.sqs_client = Client(self, "sqs", self.sqs)
        self.stepfunctions_client: Client | None = None
        """Set as soon as there is what runs the steps of executions."""
        self.violations: list[str] = []
        self.expected: Counter[str] = Counter()
        self.calls = 0
        self.profiles = Profiles()
        self.monitor = Monitor(self)
        self.scheduler.on_error = self._unexpected

    def _create(self) -> None:
        for name, properties in tables().items():
            self.dynamodb.create_table(TableName=name, **properties)
            self.dynamodb.tables[name].expires_by = time_to_live(name)
        self.sqs.create_queue(QueueName="dead")
        self.sqs.create_queue(
            QueueName="analysis",
            Attributes={
                "VisibilityTimeout": str(self.scenario.visibility_seconds),
                "RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sqs:x:1:dead", '
                '"maxReceiveCount": 5}',
            },
        )

    def _know_plans(self, count: int) -> None:
        """Store values of a segment that the conversations of earlier days had."""
        if count:
            plans = {"SS": [f"plan of day {number}" for number in range(count)]}
            item = {"id": {"S": "segment#plan"}, "seen": plans}
            self.dynamodb.put_item(TableName="state", Item=item)

    @property
    def elapsed(self) -> float:
        """Return the seconds since the run started."""
        return (self.scheduler.now_us - self.start_us) / SECOND

    def count(self, task: Task) -> None:
        del task
        self.calls += 1
        if self.calls == MAX_CALLS:
            self.violated("loop", f"{MAX_CALLS} calls were made: something spins")

    def fault(
        self, task: Task, service: str, operation: str, kinds: Iterable[str], alias: str = ""
    ) -> str:
        """Return the fault of one call. Only environments die, and only they get faults."""
        if not isinstance(task.owner, Environment):
            return ""
        return self.faults.draw(task, self.elapsed, service, operation, kinds, alias=alias)

    def kill(self, task: Task) -> None:
        """End an environment at its current point."""
        environment = task.owner
        assert isinstance(environment, Environment)
        self.end_environment(environment, "killed")

    def end_environment(self, environment: Environment, why: str) -> None:
        if not environment.is_alive:
            return
        environment.is_alive = False
        self.note(environment.name, why)
        self.monitor.environment_died(environment)
        for task in self.scheduler.tasks:
            if task.owner is environment and not task.is_done:
                self.scheduler.kill(task)

    def note(self, who: str, what: str, *more: Any) -> None:
        self.trace.add(self.scheduler.now_us, who, what, *more)

    def violated(self, kind: str, sentence: str) -> None:
        """Record that an invariant does not hold."""
        if kind in self.scenario.expected:
            self.note("EXPECTED", kind, sentence)
            self.expected[kind] += 1
            return
        self.note("INVARIANT", kind, sentence)
        self.violations.append(f"{kind}: {sentence} ({self.elapsed:.3f} s)")

    def items_before(self, operation: str, request: Any) -> list[tuple[str, Any, Any]]:
        """Return the items that a write is about to change."""
        writes: list[Any] = []
        if operation == "transact_write_items":
            writes = [next(iter(action.values())) for action in request["TransactItems"]]
        elif operation in {"put_item", "update_item", "delete_item"}:
            writes = [request]
        found = []
        for write in writes:
            table = self.dynamodb.tables[write["TableName"]]
            holder = write.get("Key") or write["Item"]
            key = tuple(holder.get(name, {}).get("S", "") for name in table.keys)
            found.append((table.name, key, table.items.get(key)))
        return found

    def _unexpected(self, task: Task, error: BaseException) -> None:
        if not isinstance(task.owner, Environment):
            self.note("BROKEN", f"{task.name}: {error!r}")
            self.broken = error
            raise error
