"""Checks during a run what no call may do, whatever the schedule and the faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from grok_insights.analysis.calls import PROBE
from tests.simulation.aws import saved_by
from tests.simulation.damage import Damage
from tests.simulation.job_progress import JobProgress
from tests.simulation.money import SPEND, Money, reserves
from tests.simulation.outages import Outages, repeats_too_rarely
from tests.simulation.pace import PaceCheck
from tests.simulation.payments import Payments
from tests.simulation.recount import Recount
from tests.simulation.reworks import Reworks
from tests.simulation.stops import Stops
from tests.simulation.urls import QUEUE

if TYPE_CHECKING:
    from tests.simulation.grok import GrokCall
    from tests.simulation.scheduler import Task
    from tests.simulation.world import World

RECOUNT_EVERY = 20
"""After how many transactions the counters are compared with the insights, besides at the end."""

SHARED = ("pause", "credits", "circuit#grok")


class Monitor:
    """Records what environments know and do, and reports violations of an invariant."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stops = Stops(world)
        self.outages = Outages(world)
        self.damage = Damage(world)
        self.money = Money(world)
        self.recount = Recount(world.dynamodb)
        self.reworks = Reworks(world)
        self.payments = Payments(world)
        self.progress = JobProgress(world)
        self.grok: list[GrokCall] = []
        self.transactions = 0
        self.are_totals_exact = True
        self.pace = PaceCheck(world)
        self.absurd: set[str] = set()
        self.sent_again: dict[str, set[str]] = {}
        self.environments: set[str] = set()
        scenario = world.scenario
        self.budget = round(float(scenario.settings.get("DAILY_BUDGET_USD", "0")) * 10**10)

    def environment_died(self, environment: Any) -> None:
        self.outages.ended(environment.name)
        if environment.name.startswith("analysis") and environment.is_busy:
            self.are_totals_exact = False

    def gave_up(self, task: Task, operation: str, request: Any) -> None:
        """Record that a call failed finally, so its cost may be missing."""
        self.stops.gave_up(task, request)
        if request.get("TableName") == "state":
            name = (request.get("Key") or request["Item"])["id"]["S"]
            self.outages.is_circuit_unknown |= name == "circuit#grok"
            if name.startswith(SPEND):
                self.money.gave_up(task.owner.name)
        if "totals" in str(request.get("TransactItems", "")):
            self.are_totals_exact = False

    def called(
        self, task: Task, operation: str, request: Any, outcome: Any, before: list[Any]
    ) -> None:
        """Record that a call had its effect, and how the items were that it changed."""
        if operation == "transact_write_items" and saved_by(request):
            self.stops.answered_save(task)
        if isinstance(outcome, ClientError):
            return
        self.stops.changed(task, operation, request, before)
        if operation == "send_message_batch":
            self.payments.sent(task, request, outcome)
        if operation in {"put_item", "update_item"}:
            [(table, key, old)] = before
            new = self.world.dynamodb.tables[table].items[key]
            self.progress.written(table, key[0], old, new)
            if table == "jobs" and "version" in new:
                self.reworks.job_changed(new)
        if operation == "transact_write_items":
            self._check_replaced(request, before)
            self.reworks.written(task, request, before)
            self.transactions += 1
            if self.transactions % RECOUNT_EVERY == 0:
                self.check_counters()
        if operation == "update_item":
            self.pace.written(task, request, before)
            if reserves(request):
                self.money.reserved(task, request)

    def _check_replaced(self, request: Any, before: list[Any]) -> None:
        """Check that an insight replaces none of its own generation but a redriven failure, unless
        a job saves it.
        """
        saved = {item["conversation_id"]["S"]: item for item in saved_by(request)}
        for table, key, old in before:
            new = saved.get(key[0]) if table == "insights" else None
            if new is None or old is None or old.get("generation") != new["generation"]:
                continue
            if self.world.dynamodb.tables[table].items.get(key) is old:
                continue  # a repeated request with its token has no effect
            if "job_id" in new:
                continue
            redrives = int(new.get("redrives", {"N": "1000"})["N"])
            if old["status"]["S"] != "failed" or redrives <= int(old["redrives"]["N"]):
                self.world.violated("replaced", f"the insight of {key[0]} was saved twice")

    def answered(self, task: Task, operation: str, request: Any, outcome: Any) -> None:
        """Record that an environment got a response."""
        environment = task.owner
        state: dict[str, Any] | None = getattr(environment, "state", None)
        if state is None:
            return
        if operation == "batch_get_item" and "state" in request["RequestItems"]:
            items = {item["id"]["S"]: item for item in outcome["Responses"].get("state", [])}
            left = outcome.get("UnprocessedKeys", {}).get("state", {}).get("Keys", [])
            asked = {key["id"]["S"] for key in request["RequestItems"]["state"]["Keys"]}
            asked -= {key["id"]["S"] for key in left}
            state.update({name: items.get(name) for name in asked})
            if SHARED[0] in asked:
                self._has_read(task)
        elif request.get("TableName") == "state" and operation in {"put_item", "update_item"}:
            holder = request.get("Key") or request["Item"]
            name = holder["id"]["S"]
            if name == "circuit#grok":
                state[name] = self.world.dynamodb.tables["state"].items.get((name,))
            self.stops.has_trial(task, request)
            if reserves(request):
                self.money.may_call(task, request)
        elif operation == "send_message_batch":
            self._sent(task, request, outcome)

    def _has_read(self, task: Task) -> None:
        """Record that an environment has read the state that all of them share."""
        for part in (self.stops, self.outages, self.money):
            part.read(task.owner.name)
        self.reworks.read(task)

    def _sent(self, task: Task, request: Any, outcome: Any) -> None:
        """Record the conversations whose messages an invocation has sent again."""
        if task.owner.name.startswith("rework"):
            self.reworks.sends([one["MessageBody"] for one in request["Entries"]])
            return
        if request["QueueUrl"] == QUEUE:
            failed = {entry["Id"] for entry in outcome.get("Failed", ())}
            bodies = (one["MessageBody"] for one in request["Entries"] if one["Id"] not in failed)
            ids = {json.loads(body)["conversation_id"] for body in bodies}
            self.sent_again.setdefault("/".join(task.name.split("/")[:2]), set()).update(ids)
        for letter in (json.loads(one["MessageBody"]) for one in request["Entries"]):
            if "error" in letter and repeats_too_rarely(task, letter):
                self.world.violated("attempts", f"an outage used up {letter['conversation_id']}")

    def invocation_ended(self, name: str, bodies: list[str], redelivered: list[str]) -> None:
        """Check that no message is both sent again and delivered again: it would be doubled."""
        ids = [json.loads(body)["conversation_id"] for body in bodies]
        again = {json.loads(body)["conversation_id"] for body in redelivered}
        once = {one for one in ids if ids.count(one) == 1}
        doubled = again & once & self.sent_again.pop(name, set())
        if doubled:
            self.world.violated("double", f"{name} doubles the messages of {sorted(doubled)}")

    def refused(self, task: Task, operation: str, request: Any, outcome: ClientError) -> None:
        """Record that a condition did not hold: a retry may find its own write."""
        found: Any = outcome.response.get("Item", {})
        own = request.get("ExpressionAttributeNames", {}).get("#own")
        if operation == "update_item" and reserves(request) and own in found:
            self.money.may_call(task, request)
        if operation == "transact_write_items" and "write-check" in str(request["TransactItems"]):
            self.stops.has_checked(task)
        trial = request.get("ExpressionAttributeValues", {}).get(":trial")
        if operation == "update_item" and trial and found.get("trial") == trial:
            self.stops.has_trial(task, request)

    def grok_call(self, task: Task, text: str, reply: str, overhead_tokens: int) -> str:
        """Check a call to Grok that starts, and return the reservation that pays for it."""
        self.environments.add(task.owner.name)
        damaged = self.damage.stops(self._state(task))
        if damaged and not (damaged.startswith(SPEND) and not self.budget):
            self.world.violated("damage", f"{task.name} calls Grok, and has read {damaged}")
        self._check_pause(task)
        if not damaged:
            self._check_circuit(task, text)
            self._check_credits(task)
        self.pace.call(task, text, self._now(task))
        self.stops.call(task, text)
        self.payments.call(task, text)
        self.outages.call(task, text, reply)
        return self.money.call(task, text, overhead_tokens)

    def grok_answered(self, task: Task, text: str, reply: str, *, is_usable: bool) -> None:
        """Record that an environment has the reply to its call, or knows that there is none."""
        self.stops.answered(task, text, reply, is_usable=is_usable)
        self.outages.answered(task, text, reply)

    def bill_is_absurd(self, text: str) -> None:
        """Record that Grok reported an impossible bill."""
        self.absurd.add(text)
        self.are_totals_exact = False

    def _state(self, task: Task) -> dict[str, Any]:
        found: dict[str, Any] = getattr(task.owner, "state", {})
        return found

    def _now(self, task: Task) -> float:
        skew = getattr(task.owner, "skew_us", 0)
        return float(self.world.scheduler.now_us + skew) / 1_000_000

    def _check_pause(self, task: Task) -> None:
        if self._state(task).get("pause") is not None:
            self.world.violated(
                "pause", f"{task.name} calls Grok, and has read that the analysis is paused"
            )
        since = self.world.scenario.paused_since
        longest = self.world.scenario.function_seconds
        if since is not None and self.world.elapsed - since > longest:
            self.world.violated("pause", f"{task.name} calls Grok {longest} s after the pause")

    def _check_circuit(self, task: Task, text: str) -> None:
        item = self._state(task).get("circuit#grok")
        if item is None or item["state"]["S"] == "CLOSED":
            return
        if text != PROBE.text:
            self.world.violated(
                "circuit", f"{task.name} asks about a conversation, and knows the circuit open"
            )
        rest = float(item["opened_at"]["N"]) + self.world.scenario.recovery_seconds
        if item["state"]["S"] == "OPEN" and self._now(task) < rest - 1:
            self.world.violated("circuit", f"{task.name} calls Grok while the circuit rests")

    def _check_credits(self, task: Task) -> None:
        item = self._state(task).get("credits")
        if item is None or "since" not in item:
            return
        if self._now(task) < float(item["until"]["N"]) - 1:
            self.world.violated(
                "credits", f"{task.name} calls Grok, and has read that credits are used up"
            )

    def check_counters(self) -> None:
        """Check that the counters equal a recount of the insights."""
        if self.world.scenario.has_expired:
            return
        found = self.recount.difference()
        if found:
            self.world.violated("counters", f"the counters are not the recount: {found}")
