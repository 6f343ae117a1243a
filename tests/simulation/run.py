"""One run: build the world of a scenario, run it, and return the result."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from random import Random

from tests.simulation.actors import Actors
from tests.simulation.aws import Client
from tests.simulation.functions import STEP_SECONDS, Api, Function
from tests.simulation.history import History
from tests.simulation.invariants import Invariants
from tests.simulation.kinds import REMAP
from tests.simulation.operation import Operation
from tests.simulation.operators import Operators
from tests.simulation.queue_mapping import Mapping
from tests.simulation.scenario import Scenario, expiry
from tests.simulation.sweeper import Sweeper
from tests.simulation.trace import Trace
from tests.simulation.workflows import Workflows
from tests.simulation.world import Outside, World

HANG_SECONDS = 180
ANSWERED_WITHIN_SECONDS = 7_200.0
"""Virtual seconds after the last fault and after the end of a spent budget within which every
conversation gets its insight. A message of a dead function is hidden for six minutes, and a delayed
one for up to fifteen.
"""

DAYS_OF_BUDGET = 5
"""For how many days a budget must last that nobody raises."""


@dataclass
class Result:
    """The result of a run."""

    scenario: Scenario
    violations: list[str]
    trace: Trace
    calls: int
    environments: int
    conversations: int
    drained_after: float
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    happened: list[tuple[str, int, str]] = field(default_factory=list)
    conditions: Counter[str] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)
    replaced: int = 0
    """How many insights jobs have replaced."""
    remapped: int = 0
    """How many insights remaps have replaced."""


def run(scenario: Scenario, ignored_conditions: frozenset[str] = frozenset()) -> Result:
    """Run a scenario to its end, or to the first invariant that does not hold."""
    world = World(scenario)
    world.dynamodb.ignored_conditions |= ignored_conditions
    return run_world(world)


def run_world(world: World) -> Result:
    """Run the scenario of a new world."""
    sys.setrecursionlimit(5_000)
    scenario = world.scenario
    api = Api(world)
    analysis = Function(world, "analysis", float(scenario.function_seconds))
    mapping = Mapping(world, analysis)
    rework = Function(world, "rework", STEP_SECONDS)
    workflows = Workflows(world, rework)
    world.stepfunctions_client = Client(world, "stepfunctions", workflows.service)
    actors = Actors(world, api, analysis, Operators(world, api, workflows), rework)
    director = Director(world, mapping, actors)
    try:
        # The functions print their metrics.
        with no_longer_than(HANG_SECONDS), redirect_stdout(StringIO()):
            world.scheduler.run(lambda: director.is_done or bool(world.violations))
            world.scheduler.end()
    finally:
        world.clock.stop()
    return Result(
        scenario,
        world.violations,
        world.trace,
        world.calls,
        len(world.monitor.environments),
        len(actors.conversations),
        director.drained_after,
        world.faults.coverage,
        world.faults.calls,
        world.faults.happened,
        Counter(world.dynamodb.conditions),
        world.expected,
        world.monitor.reworks.replacements.total(),
        world.monitor.reworks.remapped(),
    )


class Director:
    """Starts the operations, ends the faults, waits until nothing runs, and checks everything."""

    def __init__(self, world: World, mapping: Mapping, actors: Actors) -> None:
        self.world, self.mapping, self.actors = world, mapping, actors
        self.is_done = False
        self.drained_after = 0.0
        self.invariants = Invariants(world, actors)
        self.tasks = actors.start(world.scenario.operations)
        self.owner = Outside(world, "director")
        world.scheduler.spawn("director", self.owner, self._direct)

    def _direct(self) -> None:
        world, scenario = self.world, self.world.scenario
        world.scheduler.sleep(scenario.calm_at)
        for task in self.tasks:
            world.scheduler.wait(task)
        world.note("director", "all is calm")
        self._operator("repair")
        self._operator("resume")
        if world.monitor.budget and not scenario.keeps_budget:
            self._operator("deploy", "100")
        self.actors.operators.all_ended("end", self._most_seconds())
        self._drain()
        if scenario.has_remaps:
            self._operator("start job", "mapped", REMAP)
            self.actors.operators.all_ended("mapped", self._most_seconds())
            self.invariants.check_mapped()
        self._operator("post", "calm", "parcel calm")
        self._drain()
        self.invariants.check_service("calm")
        self.invariants.check("end", redriven=False)
        scenario.is_healed = True
        if not world.violations:
            self._operator("redrive")
            self._drain()
            self.invariants.check("end2", redriven=True)
        if scenario.expires and not world.violations:
            self._expire()
        self.is_done = True

    def _expire(self) -> None:
        """Let everything expire, while clients return and DynamoDB deletes items one by one."""
        world = self.world
        world.scenario.has_expired = True
        lifetime = 86_400.0 * int(world.scenario.settings["RETENTION_DAYS"])
        world.scheduler.sleep(max(0.0, lifetime - world.elapsed))
        begun = world.scheduler.now
        sweeper = Sweeper(world)
        world.scheduler.spawn("sweeper", self.owner, sweeper.sweep)
        self.actors.history = History()
        late = [*expiry(world.scenario.seed, 0.0), *world.scenario.late_operations]
        for task in self.actors.start(late):
            world.scheduler.wait(task)
        self._drain()
        self.invariants.check_expired("end3", begun + world.scenario.calm_at)
        sweeper.is_done = True

    def _operator(self, kind: str, key: str = "", text: str = "") -> None:
        [task] = self.actors.start([Operation(0.0, "operator", kind, key, text)])
        self.world.scheduler.wait(task)

    def _drain(self) -> None:
        """Wait until no message is left."""
        world = self.world
        begun = world.scheduler.now
        until = begun + self._most_seconds()
        while not self.mapping.is_idle():
            if world.scheduler.now > until:
                world.violated("queue", "messages go round and round: the queue is never empty")
                return
            world.scheduler.sleep(self.mapping.least_seconds())
        if not world.scenario.keeps_budget:
            self.drained_after = max(self.drained_after, world.scheduler.now - begun)

    def _most_seconds(self) -> float:
        """Return within how many seconds without faults everything must end."""
        days = DAYS_OF_BUDGET if self.world.scenario.keeps_budget else 0
        return ANSWERED_WITHIN_SECONDS + days * 86_400.0


@contextmanager
def no_longer_than(seconds: int) -> Iterator[None]:
    """Stop code that blocks without the scheduler, and show the line where it does."""

    def raise_(*_: object) -> None:
        raise TimeoutError("a run hangs: something waits that the scheduler does not see")

    before = signal.signal(signal.SIGALRM, raise_)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def streams(seed: int) -> Random:
    """Return the random stream of code that belongs to no run."""
    return Random(f"{seed}/command")
