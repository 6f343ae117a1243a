"""Runs executions of state machines in virtual time, with the faults of Step Functions.

A function goes on when its execution is stopped, or has waited for it too long. Lambda refuses a
call, or its response is lost. A step runs twice, the second time up to 10 seconds later: requests
are repeated, and children of Express are started at least once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.simulation.scheduler import Signal
from tests.simulation.state_machine import TIMEOUT, Machine, StateFailed, definition_of
from tests.simulation.stepfunctions import FAILED, SUCCEEDED, Execution, StepFunctions
from tests.simulation.world import Outside

if TYPE_CHECKING:
    from tests.simulation.functions import Function
    from tests.simulation.scheduler import Task
    from tests.simulation.world import World

MACHINES = {"arn:aws:states:us-east-1:123456789012:stateMachine:rework": "ReworkStateMachine"}
"""The logical names of the state machines, by ARN."""

UNAVAILABLE, LOST, TWICE = "invocation_refused", "invocation_lost", "invoked_twice"
KINDS = (UNAVAILABLE, LOST, TWICE)
LATER_SECONDS = (0.0, 0.5, 2.0, 10.0)
"""How much later at most a step runs the second time."""


class Workflows:
    """Runs executions. ``function`` runs the steps of all state machines."""

    def __init__(self, world: World, function: Function) -> None:
        self.world, self.function = world, function
        self.owner = Outside(world, "step functions")
        self.tasks: dict[str, list[Task]] = {}
        self.service = StepFunctions({*MACHINES}, self._begin, self._abort)
        self.definitions = {arn: definition_of(name) for arn, name in MACHINES.items()}

    def _begin(self, execution: Execution) -> None:
        name = f"run{len(self.service.executions)}"
        run = Run(self, name)
        machine = Machine(self.definitions[execution.machine], run)
        self.tasks[execution.arn] = run.tasks
        run.spawn(name, partial(self._run, machine, execution))

    def _run(self, machine: Machine, execution: Execution) -> None:
        try:
            machine.run(json.loads(execution.input))
            execution.status = SUCCEEDED
        except StateFailed:
            execution.status = FAILED
        self.world.note("step functions", f"{execution.arn.rsplit(':', 1)[1]} {execution.status}")

    def _abort(self, execution: Execution) -> None:
        for task in self.tasks[execution.arn]:
            self.world.scheduler.kill(task)


@dataclass
class Run:
    """Runs the steps of one execution, whose tasks end when it is stopped."""

    workflows: Workflows
    name: str
    tasks: list[Task] = field(default_factory=list)
    invocations: int = 0

    def spawn(self, name: str, work: Callable[[], Any]) -> Task:
        """Start a task of the execution."""
        task = self.workflows.world.scheduler.spawn(name, self.workflows.owner, work)
        self.tasks.append(task)
        return task

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.workflows.world.scheduler.sleep(seconds)

    def invoke(self, state: str, function: str, payload: dict[str, Any], seconds: float) -> Any:
        """Invoke a function, and return its response."""
        del function
        world = self.workflows.world
        fault = self._fault()
        world.scheduler.sleep(0.02)
        if fault == UNAVAILABLE:
            raise StateFailed("Lambda.TooManyRequestsException")
        task = self._start(state, payload)
        if fault == TWICE:
            draw = task.random
            self._start(state, payload, draw.random() * draw.choice(LATER_SECONDS))
        if not world.scheduler.wait(task, seconds):
            raise StateFailed(TIMEOUT)
        invoked: Task = task.result
        if fault == LOST or invoked.error is not None:
            raise StateFailed("Lambda.Unknown")
        return json.loads(json.dumps(invoked.result))

    def _start(self, state: str, payload: dict[str, Any], delay: float = 0.0) -> Task:
        """Start an invocation, now or later, which goes on if the execution ends."""
        self.invocations += 1
        name = f"{self.name}.{state}{self.invocations}"
        self.workflows.world.note(self.name, state, payload)
        work = partial(self.workflows.function.invoke, f"{name}/rework", payload)
        owner = self.workflows.owner
        return self.workflows.world.scheduler.spawn(name, owner, work, delay=delay)

    def _fault(self) -> str:
        world = self.workflows.world
        task = world.scheduler.current
        assert task is not None
        task.calls += 1
        return world.faults.draw(task, world.elapsed, "lambda", "invoke", KINDS)

    def each(self, work: Sequence[Callable[[], Any]], most: int) -> list[StateFailed | None]:
        """Run the children of a map, at most so many at once."""
        scheduler = self.workflows.world.scheduler
        self.invocations += 1
        failures: list[StateFailed | None] = [None] * len(work)
        ended, running, number = Signal(scheduler), 0, 0

        def run(at: int) -> None:
            nonlocal running
            try:
                work[at]()
            except StateFailed as failure:
                failures[at] = failure
            finally:
                running -= 1
                ended.set()

        while running or number < len(work):
            if number < len(work) and running < most:
                running += 1
                self.spawn(f"{self.name}.map{self.invocations}.{number}", partial(run, number))
                number += 1
            else:
                ended.wait(3_600)
        return failures
