"""Checks what jobs on stored insights do: replacements, versions, calls, and their outcomes."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from grok_insights.aws.insights.item import is_mark
from grok_insights.domain import timestamps
from grok_insights.flow.priority import YIELD_SECONDS, YOUNG_SECONDS, rework_budget
from tests.simulation import remaps, versions
from tests.simulation.kinds import REANALYSIS, REMAP
from tests.simulation.operators import documents

if TYPE_CHECKING:
    from tests.simulation.scheduler import Task
    from tests.simulation.world import World

Item = Mapping[str, Any]

SKEW_SECONDS = 0.1
SETTLED_SECONDS = 1.0
"""How long before its start a job may not have seen a change: an index is behind the table."""


@dataclass
class Batch:
    """What one invocation of the analysis has received.

    ``oldest`` is when the oldest new message was sent. ``jobs`` are the jobs that ask for a
    conversation, if no new message does.
    """

    began: float
    oldest: float | None
    jobs: dict[str, set[str]]
    reads: int = 0
    """How often it has read the shared state."""


@dataclass
class Reworks:
    """Follows all jobs on stored insights."""

    world: World
    batches: dict[str, Batch] = field(default_factory=dict)
    stopped: dict[str, float] = field(default_factory=dict)
    """Since when a job makes no calls for messages that are received later."""
    replaced: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The conversations whose insight a job has replaced."""
    counted: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Those of them that had no other outcome in the job before."""
    replacements: Counter[str] = field(default_factory=Counter)
    """How many insights a job has replaced."""
    changed: defaultdict[str, list[tuple[float, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """When the insight of a conversation has changed, and by which job; empty if by none."""
    asked: defaultdict[str, set[tuple[str, int, int]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    """The insights that messages of a job are about: conversation, generation and revision."""
    calls: list[tuple[float, str]] = field(default_factory=list)
    """When a call for a job was made, and for which one."""

    def received(self, name: str, bodies: Sequence[str]) -> None:
        """Record the batch of an invocation."""
        messages = [json.loads(body) for body in bodies]
        new = [one for one in messages if "job" not in one]
        sent = [timestamps.from_text(one["enqueued_at"]).timestamp() for one in new]
        jobs: defaultdict[str, set[str]] = defaultdict(set)
        for one in messages:
            jobs[one["conversation_id"]].add(one.get("job", ""))
        asked = {identity: ids for identity, ids in jobs.items() if "" not in ids}
        for one in (one for one in messages if "job" in one):
            self.asked[one["job"]].add(_asked(one))
        self.batches[name] = Batch(self.world.scheduler.now, min(sent, default=None), asked)

    def read(self, task: Task) -> None:
        """Record that an invocation has read the shared state."""
        batch = self.batches.get(task.invocation)
        if batch is not None:
            batch.reads += 1

    def stop(self, job_id: str) -> None:
        """Record that a job does not run any more."""
        self.stopped[job_id] = self.world.scheduler.now

    def go_on(self, job_id: str) -> None:
        """Record that a job may run."""
        self.stopped.pop(job_id, None)

    def asks(self, task: Task, conversation_id: str) -> None:
        """Check a call about a conversation, if a job asks for it."""
        batch = self.batches.get(task.invocation)
        jobs = batch.jobs.get(conversation_id) if batch else None
        if batch is None or not jobs:
            return
        now = self.world.scheduler.now
        self.calls.append((now, min(jobs)))
        if all(self.stopped.get(one, now) < batch.began for one in jobs):
            self.world.violated("stopped", f"{task.name} calls Grok for the stopped {min(jobs)}")
        self._check_new_first(task, batch)
        self._check_share(task)

    def _check_new_first(self, task: Task, batch: Batch) -> None:
        """Check that new conversations do not wait, as far as the environment knows."""
        state: dict[str, Any] = getattr(task.owner, "state", {})
        item = state.get("new_first") or {}
        now = self.world.scheduler.now
        skew = getattr(task.owner, "skew_us", 0) / 1_000_000
        if float(item.get("until", {}).get("N", "0")) > now + skew:
            self.world.violated("new first", f"{task.name} has read that new conversations wait")
        waited = batch.began - (now if batch.oldest is None else batch.oldest)
        is_first = batch.reads <= 1 and now < batch.began + YIELD_SECONDS - SKEW_SECONDS
        if is_first and waited > YOUNG_SECONDS + SKEW_SECONDS:
            self.world.violated("new first", f"{task.name} has received a new message of {waited}")

    def _check_share(self, task: Task) -> None:
        """Check that the last fifth of the budget is left to new conversations."""
        budget, money = getattr(task.owner, "budget_ticks", 0), self.world.monitor.money
        if not budget or not money.is_known:
            return
        own, _ = money.current.get(task.owner.name, ("", 0))
        if money.spent_before.get(own, 0) >= rework_budget(budget):
            self.world.violated("share", f"{task.name} spends the last fifth of the day on a job")

    def job_changed(self, item: Item) -> None:
        """Record the status of a job that was stored."""
        job = json.loads(item["document"]["S"])
        if job.get("status") in {"completed", "failed"}:
            self.stop(job["id"])
        elif job.get("status") == "running":
            self.go_on(job["id"])

    def sends(self, bodies: Sequence[str]) -> None:
        """Record the messages that a job has sent."""
        for body in map(json.loads, bodies):
            if documents(self.world)[body["job"]]["kind"] != REANALYSIS:
                self.world.violated("sends", f"{body['job']} sends messages, and needs no call")
            self.asked[body["job"]].add(_asked(body))

    def written(self, task: Task, request: Any, before: Sequence[tuple[str, Any, Any]]) -> None:
        """Check what a transaction has changed."""
        for table, key, old in before:
            new = self.world.dynamodb.tables[table].items.get(key)
            if new is old:
                continue
            if table == "state" and old is None and new is not None:
                self._check_outcome(key[0], new)
            if table == "conversations" and new is not None and "erased" in new:
                self._check_erased(key[0])
            if table == "insights":
                job_id = "" if new is None else new.get("job_id", {}).get("S", "")
                self.changed[key[0]].append((self.world.scheduler.now, job_id))
                if job_id and new is not None:
                    self._check_replacement(task, job_id, old, new, request)

    def _check_outcome(self, name: str, item: Item) -> None:
        """Check that a job skips an insight only if something else has changed it."""
        prefix, _, rest = name.partition("#")
        job_id, _, identity = rest.partition("#")
        if prefix != "job" or "code" not in item or item["code"]["S"]:
            return
        job = documents(self.world)[job_id]
        if job["kind"] == REMAP:
            is_selected = identity not in self.disturbed(job_id, job)
        else:
            insight = self.world.dynamodb.tables["insights"].items.get((identity,))
            is_selected = _identity(insight) in self.asked[job_id] and not self._is_over(insight)
        if is_selected:
            found = f"{identity}, and nothing else has changed it"
            self.world.violated("outcomes", f"{job_id} skips {found}")

    def _is_over(self, insight: Item | None) -> bool:
        """Return whether an insight has expired, for one of the environments' clocks."""
        return insight is not None and int(insight["ttl"]["N"]) <= self.world.scheduler.now + 1

    def _check_erased(self, identity: str) -> None:
        """Check that no version of an erased conversation is left."""
        if any(key[0] == identity for key in self.world.dynamodb.tables["versions"].items):
            self.world.violated("erased", f"{identity} was erased, and a version is there")

    def _check_replacement(
        self, task: Task, job_id: str, old: Item | None, new: Item, request: Any
    ) -> None:
        """Check that a job replaces an insight by one that it may be, and keeps the old one."""
        identity, job = new["conversation_id"]["S"], documents(self.world)[job_id]
        found = [*_faults(old, new, job["kind"])]
        if old is not None and not found:
            if job["kind"] == REMAP:
                found = [*self._faults_of_remap(task, old, new)]
            else:
                found = [*self._faults_of_reanalysis(job, old, new)]
        for fault in found:
            self.world.violated("replaced", f"the insight of {identity} that a job saved {fault}")
        self.replaced[job_id].add(identity)
        self.replacements[job_id] += 1
        outcome = self.world.dynamodb.tables["state"].items.get((f"job#{job_id}#{identity}",), {})
        if "id" in outcome and "code" not in outcome:
            self.counted[job_id].add(identity)
        elif job["kind"] == REANALYSIS or not outcome:
            self.world.violated("outcomes", f"{job_id} replaces {identity}: {outcome}")
        kept = [one for one in _versions(request) if one["conversation_id"]["S"] == identity]
        if old is not None and not _is_version(kept, old):
            self.world.violated("version", f"the version of {identity} is not what was replaced")

    def _faults_of_reanalysis(self, job: Any, old: Item, new: Item) -> Iterator[str]:
        """Yield what is wrong: it replaces the selected insight from before the job, once."""
        if _identity(old) not in self.asked[job["id"]]:
            yield f"replaces revision {old['revision']['N']}, which the job has not selected"
        if new["conversation_id"]["S"] in self.replaced[job["id"]]:
            yield "is the second one of the job"
        if _created_at(old) >= timestamps.from_text(job["created_at"]):
            yield "replaces a later one"

    def _faults_of_remap(self, task: Task, old: Item, new: Item) -> Iterator[str]:
        """Yield what is wrong: it is the old one, mapped by the profile that was read last."""
        state: dict[str, Any] = getattr(task.owner, "state", {})
        active = versions.active(state.get("profile"))
        stored = versions.stored(self.world.dynamodb)
        yield from remaps.faults(old, new, active, stored.get(active))

    def remapped(self) -> int:
        """Return how many insights remaps have replaced."""
        jobs = documents(self.world)
        return sum(self.replacements[one] for one in jobs if jobs[one]["kind"] == REMAP)

    def check(self) -> None:
        """Check at the end that each job has ended, with an outcome for each of its insights."""
        for job_id, job in documents(self.world).items():
            if job["status"] not in {"completed", "cancelled"}:
                self.world.violated("job", f"{job_id} is {job['status']} at the end")
            self._check_closed(job_id)
            self._check_outcomes(job_id, job)
        conversations = self.world.dynamodb.tables["conversations"].items
        for identity, version in self.world.dynamodb.tables["versions"].items:
            if "erased" in conversations.get((identity,), {"erased": {}}):
                self.world.violated("erased", f"{identity} is gone, and version {version} is there")

    def _check_closed(self, job_id: str) -> None:
        item = self.world.dynamodb.tables["state"].items.get((f"job#{job_id}",))
        if item is not None and "closed" not in item:
            self.world.violated("job", f"{job_id} has ended, and its messages are processed")

    def _check_outcomes(self, job_id: str, job: Any) -> None:
        counts = self._counts(job_id)
        done, missed = self.counted[job_id], self._missed(job_id)
        if done & missed:
            self.world.violated("outcomes", f"{job_id} has two outcomes of {min(done & missed)}")
        if (counts["done"], counts["failed"] + counts["skipped"]) != (len(done), len(missed)):
            found = f"{len(done)} were replaced and {len(missed)} were not"
            self.world.violated("outcomes", f"{job_id} counts {dict(counts)}, and {found}")
        if job["status"] == "completed" and not job["options"]["dry_run"]:
            self._check_selected(job_id, job, done | missed)

    def _check_selected(self, job_id: str, job: Any, ended: set[str]) -> None:
        """Check that a completed job has an outcome for each insight that nothing else changed.

        A remap has none for insights that do not change. An insight may be changed before the job
        sends a message about it, or be selected only later, since it is changed.
        """
        others = self.disturbed(job_id, job)
        left = {identity for identity, _, _ in self.asked[job_id]} - ended - others
        if left:
            self.world.violated("outcomes", f"{job_id} has no outcome of {min(left)}")
        selected = job["counts"]["selected"]
        rest = selected - len(ended)
        if rest < -len(others & ended) or (
            job["kind"] == REANALYSIS and rest > len(others - ended)
        ):
            found = f"{len(ended)} have an outcome, and {len(others)} were changed otherwise"
            self.world.violated("outcomes", f"{job_id} has selected {selected}: {found}")

    def _counts(self, job_id: str) -> Counter[str]:
        total: Counter[str] = Counter()
        for key, item in self.world.dynamodb.tables["state"].items.items():
            if key[0].startswith(f"job#{job_id}#outcomes#"):
                numbers = {name: value["N"] for name, value in item.items() if "N" in value}
                total.update({name: int(number) for name, number in numbers.items()})
        return total

    def _missed(self, job_id: str) -> set[str]:
        """Return the conversations that have failed in a job, or were skipped."""
        start = f"job#{job_id}#"
        return {
            key[0].removeprefix(start)
            for key, item in self.world.dynamodb.tables["state"].items.items()
            if key[0].startswith(start) and "code" in item
        }

    def disturbed(self, job_id: str, job: Any) -> set[str]:
        """Return the conversations whose insight something else has changed during a job."""
        start = timestamps.from_text(job["created_at"]).timestamp() - SETTLED_SECONDS
        return {
            identity
            for identity, changes in self.changed.items()
            if any(at >= start and by != job_id for at, by in changes)
        }


def _faults(old: Item | None, new: Item, kind: str) -> Iterator[str]:
    """Yield what is wrong with an insight that a job of a kind has saved in place of another."""
    if old is None or is_mark(old):
        yield "replaces none"
        return
    if new["status"]["S"] != "completed":
        yield "is a failure"
    if new["reason"]["S"] != kind:
        yield f"has the reason {new['reason']['S']}"
    if old["generation"] != new["generation"]:
        yield "is of another generation"
    if kind == REANALYSIS and old.get("job_id") == new["job_id"]:
        yield "replaces that of the same job"
    if int(old["revision"]["N"]) + 1 != int(new["revision"]["N"]):
        yield "is not the next revision"


def _asked(message: Mapping[str, Any]) -> tuple[str, int, int]:
    """Return what identifies the insight that the message of a job is about."""
    return message["conversation_id"], message["generation"], message["revision"]


def _identity(insight: Item | None) -> tuple[str, int, int] | None:
    """Return what identifies an insight; None if there is none."""
    if insight is None or is_mark(insight):
        return None
    generation, revision = (int(insight[name]["N"]) for name in ("generation", "revision"))
    return insight["conversation_id"]["S"], generation, revision


def _created_at(insight: Item) -> datetime:
    return timestamps.from_text(json.loads(insight["document"]["S"])["created_at"])


def _versions(request: Any) -> Iterator[Item]:
    puts = (action["Put"] for action in request["TransactItems"] if "Put" in action)
    return (put["Item"] for put in puts if put["TableName"] == "versions")


def _is_version(kept: Sequence[Item], old: Item) -> bool:
    """Whether exactly the replaced insight is kept."""
    revision = f"{int(old['revision']['N']):010}"
    wanted = {name: old[name] for name in ("conversation_id", "generation", "document", "ttl")}
    return list(kept) == [{**wanted, "version": {"S": revision}}]
