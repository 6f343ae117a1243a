"""The deployed functions in environments: cold starts, invocations, timeouts and deaths."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from functions.analysis.app import handler as analysis_handler
from functions.ingest.app import create_app as ingest_app
from functions.jobs.app import create_app as jobs_app
from functions.query.app import create_app as query_app
from grok_insights import wiring
from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.jobs.steps import run_step
from grok_insights.settings import Settings
from grok_insights.wiring import Parts
from tests.builders import api_event, environment
from tests.simulation.grok import GrokTransport
from tests.simulation.profiles import Noting
from tests.simulation.scheduler import Killed, Pool, Task, VisibleLock
from tests.simulation.urls import DEAD, QUEUE
from tests.simulation.world import Environment, World

API_SECONDS = 29.0
STEP_SECONDS = 300.0
FAILURES_OF_STEPS = (*AWS_FAILURES, TimeoutError, RuntimeError)
"""What a step may raise: the state machine repeats it."""

DEPLOYED_ATTEMPTS = 4
"""The attempts of a conversation after a deployment during a run."""


@dataclass
class Context:
    """The context that Lambda passes to an invocation."""

    world: World
    aws_request_id: str
    deadline: float
    function_name: str = "a-function"
    memory_limit_in_mb: int = 1_024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:a-function"

    def get_remaining_time_in_millis(self) -> int:
        return round(max(0.0, self.deadline - self.world.scheduler.now) * 1000)


@dataclass(frozen=True)
class Response:
    """The response that a client gets; status 0 if there was none."""

    status: int
    body: Any = None

    @property
    def is_known(self) -> bool:
        """Whether the response says what happened."""
        return 200 <= self.status < 500


class Function:
    """One function with its environments."""

    def __init__(self, world: World, kind: str, seconds: float) -> None:
        self.world, self.kind, self.seconds = world, kind, seconds
        self.environments: list[Environment] = []
        self.started = 0
        self.settings: dict[str, str] = dict(world.scenario.settings)

    def deploy(self, settings: dict[str, str]) -> None:
        """Replace the environments by new ones; running ones end first."""
        self.settings = settings
        self.environments = []

    def _environment(self) -> Environment:
        for one in self.environments:
            if one.is_alive and not one.is_busy:
                return one
        self.started += 1
        name = f"{self.kind}-{self.started}"
        made = Environment(self.world, name, self.world.scenario.random(name))
        self.environments = [one for one in self.environments if one.is_alive]
        self.environments.append(made)
        return made

    def invoke(self, name: str, event: dict[str, Any]) -> Task:
        """Run the function's handler; the task has its outcome."""
        scheduler = self.world.scheduler
        environment_ = self._environment()
        environment_.is_busy = True
        context = Context(self.world, name, scheduler.now + self.seconds)
        task = scheduler.spawn(
            name, environment_, partial(self._handle, environment_, event, context)
        )
        if not scheduler.wait(task, self.seconds):
            self.world.end_environment(environment_, "timed out")
            scheduler.wait(task)
        self._after(environment_, task)
        return task

    def _handle(self, environment_: Environment, event: dict[str, Any], context: Context) -> Any:
        if environment_.service is None:
            start = self.world.scheduler.current
            assert start is not None
            environment_.service = self._start(environment_)
            self.world.scheduler.sleep(0.2 + start.random.random() * 0.6)
        return environment_.service(event, context)

    def _after(self, environment_: Environment, task: Task) -> None:
        environment_.is_busy = False
        if not environment_.is_alive or isinstance(task.error, Killed):
            return
        if self.kind == "query":
            return  # a slow read of the health check may continue: the next check waits for it
        rest = [one.name for one in environment_.tasks if not one.is_done]
        if rest:
            self.world.violated("stray work", f"{task.name} has ended, and work goes on: {rest}")
            self.world.end_environment(environment_, "stopped")
        if self.kind == "analysis":
            self.world.monitor.money.ended(environment_.name)
        is_repeated = self.kind == "rework" and isinstance(task.error, FAILURES_OF_STEPS)
        if task.error is not None and not is_repeated:
            self.world.violated("exception", f"{task.name} raised {task.error!r}")

    def _start(self, environment_: Environment) -> Any:
        world = self.world
        parts = Parts(
            settings=Settings.from_env(environment(**self.settings, **_queues())),
            dynamodb=world.dynamodb_client,  # type: ignore[arg-type]
            sqs=world.sqs_client,  # type: ignore[arg-type]
            now=lambda: datetime.now(UTC),
            sleep=world.scheduler.sleep,
            monotonic=lambda: world.scheduler.now,
            random=lambda: _current(world).random.random(),  # noqa: PLW0108 - of each task
            random_id=lambda: f"{_current(world).random.getrandbits(128):032x}",
            lock=lambda: VisibleLock(world.scheduler),
            random_uuid=lambda: UUID(int=_current(world).random.getrandbits(128), version=4),
            s3=lambda: None,  # type: ignore[arg-type, return-value]
            stepfunctions=lambda: world.stepfunctions_client,
        )
        environment_.budget_ticks = parts.pause_limits.budget_ticks
        if self.kind == "analysis":
            return self._analysis(environment_, parts)
        if self.kind == "rework":
            return partial(run_step, wiring.rework_steps(parts))
        return HTTP_APPS[self.kind](parts)

    def _analysis(self, environment_: Environment, parts: Parts) -> Any:
        scheduler = self.world.scheduler
        grok = wiring.real_grok(parts.settings, GrokTransport(self.world))
        grok = replace(grok, monotonic=parts.monotonic)
        analyzer = Noting(grok, self.world)
        threads = Pool(scheduler, environment_, parts.settings.max_batch_size, "call")
        service = wiring.analysis(parts, analyzer, threads)
        return partial(analysis_handler, analysis=service)


HTTP_APPS = {"ingest": ingest_app, "jobs": jobs_app, "query": query_app}


def _queues() -> dict[str, str]:
    return {"ANALYSIS_QUEUE_URL": QUEUE, "DEAD_LETTER_QUEUE_URL": DEAD}


def _current(world: World) -> Task:
    task = world.scheduler.current
    assert task is not None
    return task


class Api:
    """API Gateway: a request becomes an invocation, and its result a response."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ingest = Function(world, "ingest", API_SECONDS)
        self.query = Function(world, "query", API_SECONDS)
        self.jobs = Function(world, "jobs", API_SECONDS)

    @property
    def functions(self) -> tuple[Function, ...]:
        """All functions of the API."""
        return self.ingest, self.query, self.jobs

    def request(
        self,
        name: str,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **query: str,
    ) -> Response:
        """Return the response to a request.

        Status 0 means that the function died or was too slow.
        """
        function = self._function(method, path)
        event = api_event(method, path, body, query=query, headers=headers)
        task = function.invoke(f"{name}/{function.kind}", event)
        response = Response(0) if task.result is None else _response(task.result)
        self.world.note(name, f"{method} {path} -> {response.status}", query or "", body or "")
        if response.status == 500:
            self.world.violated("500", f"{method} {path} was answered with 500")
        return response

    def _function(self, method: str, path: str) -> Function:
        if path.startswith("/api/v1/jobs"):
            return self.jobs
        return self.ingest if method in {"POST", "PUT", "DELETE"} else self.query


def _response(result: dict[str, Any]) -> Response:
    body = result["body"]
    if result["isBase64Encoded"]:
        body = gzip.decompress(b64decode(body)).decode()
    headers = {name: values[0] for name, values in result["multiValueHeaders"].items()}
    is_json = "json" in headers.get("Content-Type", "") and body
    return Response(result["statusCode"], json.loads(body) if is_json else body)
