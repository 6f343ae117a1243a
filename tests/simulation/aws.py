"""The AWS clients of the deployed code: boto's methods, each call a scheduling point of the run.

A call retries as botocore does in its standard mode (four attempts), so a write whose response was
lost is repeated, and a transaction keeps its token.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from tests.simulation.dynamodb import cancelled, error, invalid
from tests.simulation.faults import AWS_KINDS, ERASE, KILLS, OUTCOME, SAVE
from tests.simulation.scheduler import Killed, Task
from tests.simulation.trace import Change

if TYPE_CHECKING:
    from tests.simulation.world import World

ATTEMPTS = 4
CONNECT_SECONDS = 2.0
READ_SECONDS = 8.0
LAG_SECONDS = 0.8
THROTTLES = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "sqs": "ThrottlingException",
    "stepfunctions": "ThrottlingException",
}
WRITES = {"put_item", "update_item", "delete_item", "transact_write_items"}


class Lost(Exception):
    """The response to an attempt was lost, or was an error that botocore retries."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Client:
    """One service as its callers see it."""

    def __init__(self, world: World, service: str, model: Any) -> None:
        self._world, self._service, self._model = world, service, model
        events = SimpleNamespace(register=lambda *_: None, unregister=lambda *_: None)
        self.meta = SimpleNamespace(events=events)

    def __getattr__(self, operation: str) -> Any:
        if operation.startswith("_"):
            raise AttributeError(operation)
        return partial(self._call, operation)

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=partial(self._pages, operation))

    def _pages(self, operation: str, **request: Any) -> Iterator[Any]:
        while True:
            page = self._call(operation, **request)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _call(self, operation: str, **request: Any) -> Any:
        world = self._world
        task = world.scheduler.current
        assert task is not None
        task.calls += 1
        call = task.calls
        if operation == "transact_write_items":
            request.setdefault("ClientRequestToken", f"{task.name}#{call}")
        world.count(task)
        lost: Exception | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                world.scheduler.sleep(task.random.random() * min(2.0**attempt, 20.0))
            try:
                return self._attempt(task, operation, request)
            except Lost as caught:
                lost = caught.cause
        assert lost is not None
        world.monitor.gave_up(task, operation, request)
        raise lost

    def _attempt(self, task: Task, operation: str, request: Any) -> Any:
        world = self._world
        kind = world.fault(task, self._service, operation, AWS_KINDS, _alias(operation, request))
        world.scheduler.sleep(self._seconds(task, kind))
        if kind == "killed_before":
            self._note(task, operation, kind, request)
            world.kill(task)
            raise Killed
        early = self._before(operation, kind, request)
        if early is not None:
            self._note(task, operation, kind, request)
            raise early
        outcome = self._effect(task, operation, kind, request)
        if kind == "killed_after":
            world.kill(task)
            raise Killed
        return self._answered(task, operation, kind, request, outcome)

    def _seconds(self, task: Task, kind: str) -> float:
        longest = self._world.scenario.latency_seconds
        seconds = 0.001 + task.random.random() ** 4 * longest
        return seconds + (task.random.random() * 6 if kind == "slow" else 0.0)

    def _before(self, operation: str, kind: str, request: Any) -> Exception | None:
        """Return the error of an attempt that has no effect."""
        if kind == "throttled":
            return Lost(error(THROTTLES[self._service], "slow down", operation))
        if kind == "server_error":
            return Lost(error("InternalServerError", "try again", operation))
        if kind == "unreachable":
            self._world.scheduler.sleep(CONNECT_SECONDS)
            return Lost(ConnectTimeoutError(endpoint_url=self._service))
        if kind == "conflict" and request["ClientRequestToken"] not in self._world.dynamodb.tokens:
            others = [{"Code": "None"} for _ in request["TransactItems"][1:]]
            return cancelled([*others, {"Code": "TransactionConflict"}])
        return self._invalid(request) if operation == "transact_write_items" else None

    def _invalid(self, request: Any) -> ClientError | None:
        """Return DynamoDB's error about insights that it never accepts. Some name the insights."""
        refuses, actions = self._world.scenario.refuses, request["TransactItems"]
        saved = [saved_by({"TransactItems": [action]}) for action in actions]
        are_refused = [refuses(item["document"]["S"] for item in items) for items in saved]
        if not any(are_refused):
            return None
        if len(actions) % 2:
            return invalid("the item cannot be stored", "TransactWriteItems")
        codes = ["ValidationError" if is_refused else "None" for is_refused in are_refused]
        return cancelled([{"Code": code} for code in codes])

    def _effect(self, task: Task, operation: str, kind: str, request: Any) -> Any:
        """Run the service's operation, and record what it changed."""
        world = self._world
        asked, left_out = _in_part(operation, request) if kind == "partial" else (request, {})
        lag = {"lag": LAG_SECONDS} if kind == "stale" else {}
        before = world.items_before(operation, asked)
        try:
            outcome = getattr(self._model, operation)(**asked, **lag)
        except ClientError as refused:
            outcome = refused
        else:
            outcome = {**outcome, **left_out}
        changes = [Change(t, k, old, world.dynamodb.tables[t].items.get(k)) for t, k, old in before]
        self._note(task, operation, kind, request, (outcome, changes))
        world.monitor.called(task, operation, request, outcome, before)
        return outcome

    def _answered(self, task: Task, operation: str, kind: str, request: Any, outcome: Any) -> Any:
        scheduler = self._world.scheduler
        if kind == "lost":
            scheduler.sleep(READ_SECONDS)
            raise Lost(ReadTimeoutError(endpoint_url=self._service))
        scheduler.sleep(self._seconds(task, kind))
        if kind == "server_error_after":
            raise Lost(error("InternalServerError", "try again", operation))
        if isinstance(outcome, ClientError):
            self._world.monitor.refused(task, operation, request, outcome)
            raise outcome
        self._world.monitor.answered(task, operation, request, outcome)
        return outcome

    def _note(
        self,
        task: Task,
        operation: str,
        kind: str,
        request: Any,
        effect: tuple[Any, list[Change]] = (None, []),
    ) -> None:
        outcome, changes = effect
        world = self._world
        fault = f"!{kind}" if kind else ""
        said = ""
        if isinstance(outcome, ClientError):
            reasons: Any = outcome.response.get("CancellationReasons", ())
            codes = [reason["Code"] for reason in reasons]
            said = f"refused: {outcome.response['Error']['Code']} {codes or ''}"
        elif kind not in KILLS and operation not in WRITES:
            said = _brief(outcome)
        what = f"{self._service}.{operation} {fault}".rstrip()
        world.trace.add(
            world.scheduler.now_us, task.name, what, _about(operation, request), said, list(changes)
        )


def _alias(operation: str, request: Any) -> str:
    """Return a second name of a call, for faults that concern only some calls of an operation."""
    if operation in {"update_item", "put_item"}:
        holder = request.get("Key") or request["Item"]
        return str(holder.get("id", {}).get("S", "")).split("#")[0]
    if operation != "transact_write_items":
        return ""
    puts = [action["Put"]["Item"] for action in request["TransactItems"] if "Put" in action]
    if any("erased" in put for put in puts):
        return ERASE
    if saved_by(request):
        return SAVE
    return OUTCOME if any(_is_outcome(put) for put in puts) else ""


def _is_outcome(item: Any) -> bool:
    """Whether an item is the outcome of a conversation in a job."""
    return str(item.get("id", {}).get("S", "")).startswith("job#")


def saved_by(request: Any) -> list[Any]:
    """Return the items of insights that a transaction saves."""
    puts = (action["Put"] for action in request["TransactItems"] if "Put" in action)
    items = (put["Item"] for put in puts)
    return [item for item in items if {"document", "kind"} <= item.keys()]


def _in_part(operation: str, request: Any) -> tuple[Any, Any]:
    """Return a batch without its last entries, and the response for those."""
    if operation == "batch_get_item":
        asked = request["RequestItems"]
        long = {name: one for name, one in asked.items() if len(one["Keys"]) > 1}
        kept = {name: {**one, "Keys": one["Keys"][:-1]} for name, one in long.items()}
        rest = {name: {**one, "Keys": one["Keys"][-1:]} for name, one in long.items()}
        return ({"RequestItems": {**asked, **kept}}, {"UnprocessedKeys": rest} if rest else {})
    entries = request["Entries"]
    failed = {"Id": entries[-1]["Id"], "Code": "InternalError", "SenderFault": False}
    if len(entries) == 1:
        return request, {}
    return {**request, "Entries": entries[:-1]}, {"Failed": [failed]}


def _about(operation: str, request: Any) -> str:
    if "TableName" in request:
        key = request.get("Key") or {}
        named = "/".join(str(value.get("S")) for value in key.values())
        place = request.get("IndexName", "")
        condition = request.get("ConditionExpression", "")
        return f"{request['TableName']} {place}{named} {condition}".strip()
    if "RequestItems" in request:
        wanted = request["RequestItems"].items()
        return " ".join(f"{table}:{len(one['Keys'])}" for table, one in wanted)
    if "TransactItems" in request:
        kinds = [next(iter(action)) for action in request["TransactItems"]]
        return f"{len(kinds)} actions"
    if "Entries" in request:
        queue = request["QueueUrl"].rsplit("/", 1)[-1]
        bodies = [
            f"{entry.get('MessageBody', '')}+{entry.get('DelaySeconds', 0)}s"
            for entry in request["Entries"]
        ]
        return f"{queue} {bodies}"
    return operation


def _brief(outcome: Any) -> Any:
    if not isinstance(outcome, dict):
        return ""
    found: dict[str, Any] = {}
    for name, value in outcome.items():
        if name == "Responses":
            found |= {table: f"{len(items)} found" for table, items in value.items()}
        elif name == "Items":
            found["items"] = len(value)
        elif name in {"Failed", "UnprocessedKeys", "Attributes"} and value:
            found[name] = value
        elif name == "Item":
            found["item"] = sorted(value)
    return found
