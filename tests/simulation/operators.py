"""Operators who start, cancel and start again jobs on stored insights, and who see them end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tests.simulation.answers import ALIAS
from tests.simulation.kinds import REMAP
from tests.simulation.operation import WAITS
from tests.simulation.stepfunctions import RUNNING

if TYPE_CHECKING:
    from tests.simulation.functions import Api, Response
    from tests.simulation.operation import Operation
    from tests.simulation.workflows import Workflows
    from tests.simulation.world import World

JOBS = "/api/v1/jobs"
TODAY = "2026-11-23T00:00:00Z"
A_PAST_DAY, ITS_END = "2010-02-28T00:00:00Z", "2010-03-01T00:00:00Z"
OPTIONS: tuple[dict[str, Any], ...] = (
    {"filter": {"from": TODAY}},
    {"filter": {"from": TODAY}},
    {"filter": {"from": TODAY, "sentiment": "negative"}},
    {"filter": {"from": TODAY, "status": "completed"}},
    {"filter": {"from": TODAY, "status": "failed"}},
    {"filter": {"from": TODAY}},
    {"filter": {"from": TODAY, "topic": "refund"}},
    {"filter": {"from": A_PAST_DAY, "to": ITS_END}},
    {"filter": {"from": TODAY}, "dry_run": True},
)
"""What jobs are started on. Each range has few days, because each day of a shard is a slice."""

OF_AN_ALIAS: dict[str, Any] = {"filter": {"from": TODAY, "topic": ALIAS}}
"""What remaps are started on that have a filter: their insights have another topic afterwards."""

WAIT_SECONDS, MOST_WAITS = 0.25, 600
POLL_SECONDS = 20.0
MOST_CANCELS = 2
"""How often an operator who does not know whether a job is cancelled asks for it again."""
MAX_STARTS = 3
"""How often a job may have to be started when nothing goes wrong any more."""


class Operators:
    """Operations on jobs. ``ids`` are the ids of the jobs, by the name in the scenario."""

    def __init__(self, world: World, api: Api, workflows: Workflows) -> None:
        self.world, self.api, self.workflows = world, api, workflows
        self.ids: dict[str, str] = {}
        self.starting: dict[str, int] = {}
        self.starts: dict[str, float] = {}
        self.kinds: dict[str, Callable[[str, Operation], None]] = {
            "start job": self._start,
            "cancel job": self._cancel,
            "restart job": self._restart,
            "read job": self._read,
        }

    def _start(self, name: str, operation: Operation) -> None:
        options = options_of(operation)
        response = self.api.request(name, "POST", JOBS, {"kind": operation.text, **options})
        if response.status == 202:
            self.ids[operation.key] = response.body["id"]

    def wait_for_replacement(self, identity: str) -> None:
        """Wait until a job has replaced the insight of a conversation, but not for long."""
        replaced = self.world.monitor.reworks.replaced
        self._wait(lambda: any(identity in ids for ids in replaced.values()))

    def _wait(self, is_over: Callable[[], bool]) -> None:
        for _ in range(MOST_WAITS):
            if is_over():
                return
            self.world.scheduler.sleep(WAIT_SECONDS)

    def _id(self, name: str, key: str) -> str | None:
        """Return the id of a job. If the response to its start was lost, the list shows it."""
        if key not in self.ids:
            listed = self.api.request(f"{name}.list", "GET", JOBS)
            items = listed.body["items"] if listed.status == 200 else []
            unknown = [one["id"] for one in items if one["id"] not in self.ids.values()]
            if not unknown:
                return None
            self.ids[key] = unknown[0]
        return self.ids[key]

    def _cancel(self, name: str, operation: Operation) -> None:
        job_id = self._id(name, operation.key)
        if job_id is not None:
            if operation.number == WAITS:
                reworks = self.world.monitor.reworks
                self._wait(lambda: job_id in reworks.asked or job_id in reworks.replaced)
            response = self.cancel(name, job_id)
            for number in range(MOST_CANCELS):
                if response.is_known:
                    break
                self.world.scheduler.sleep(POLL_SECONDS)
                response = self.cancel(f"{name}.again{number}", job_id)

    def cancel(self, name: str, job_id: str) -> Response:
        """Cancel a job. When that is confirmed, it makes no calls any more."""
        began = self.world.scheduler.now
        response = self.api.request(name, "POST", f"{JOBS}/{job_id}/cancel")
        is_alone = not self.starting.get(job_id) and self.starts.get(job_id, 0.0) < began
        if response.status == 202 and is_alone:
            self.world.monitor.reworks.stop(job_id)
            self.world.monitor.progress.cancelled(job_id)
        return response

    def _restart(self, name: str, operation: Operation) -> None:
        job_id = self._id(name, operation.key)
        if job_id is not None:
            if operation.number == WAITS:
                self._wait(lambda: documents(self.world)[job_id]["status"] == "cancelled")
            self.restart(name, job_id)

    def restart(self, name: str, job_id: str) -> Response:
        """Start a job again."""
        self.world.monitor.reworks.go_on(job_id)
        self.starts[job_id] = self.world.scheduler.now
        self.starting[job_id] = self.starting.get(job_id, 0) + 1
        response = self.api.request(name, "POST", f"{JOBS}/{job_id}/start")
        self.starting[job_id] -= 1
        return response

    def _read(self, name: str, operation: Operation) -> None:
        job_id = self._id(name, operation.key)
        if job_id is not None:
            self.api.request(name, "GET", f"{JOBS}/{job_id}")

    def all_ended(self, name: str, seconds: float) -> None:
        """Wait until each job has ended. Start those again that have failed, and every other
        cancelled one. The others are cancelled again, unless that was confirmed.
        """
        until = self.world.scheduler.now + seconds
        self.world.monitor.progress.check_cancelled()
        for number, job_id in enumerate(list(documents(self.world))):
            starts = 0
            while not self._has_ended(f"{name}.{number}.{starts}", job_id, until):
                job = documents(self.world)[job_id]
                if job["status"] == "cancelled" and (number + self.world.scenario.seed) % 2:
                    if job_id not in self.world.monitor.reworks.stopped:
                        self.cancel(f"{name}.{number}.cancel", job_id)
                    break
                starts += 1
                if starts > MAX_STARTS:
                    self.world.violated("job", f"{job_id} fails without a fault: {job['error']}")
                    return
                self.restart(f"{name}.{number}.start{starts}", job_id)

    def _has_ended(self, name: str, job_id: str, until: float) -> bool:
        """Wait until a job does not run; return whether it is completed."""
        scheduler = self.world.scheduler
        while (job := documents(self.world)[job_id])["status"] == "running":
            if scheduler.now > until:
                self.world.violated("job", f"{job_id} does not end: it waits for {job}")
                return True
            if not self._is_executed(job_id, job["run"]):
                # Only who reads the job finds out that nothing runs it.
                self.api.request(f"{name}.{scheduler.now_us}", "GET", f"{JOBS}/{job_id}")
            scheduler.sleep(POLL_SECONDS)
        return bool(job["status"] == "completed")

    def _is_executed(self, job_id: str, run: int) -> bool:
        executions = self.workflows.service.executions
        found = [one for arn, one in executions.items() if arn.endswith(f":{job_id}-{run}")]
        return any(one.status == RUNNING for one in found)


def options_of(operation: Operation) -> dict[str, Any]:
    """Return what a job is started on. A remap with a filter changes what that is about."""
    options = OPTIONS[operation.number % len(OPTIONS)]
    filter_ = options["filter"]
    if operation.text == REMAP and filter_["from"] == TODAY and len(filter_) > 1:
        return OF_AN_ALIAS
    return options


def documents(world: World) -> dict[str, Any]:
    """Return the stored jobs, by id."""
    return dict(_jobs(world))


def _jobs(world: World) -> Iterator[tuple[str, Any]]:
    for key, item in world.dynamodb.tables["jobs"].items.items():
        if "version" in item:
            yield key[0], json.loads(item["document"]["S"])
