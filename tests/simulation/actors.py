"""The actions of clients and operators: each operation runs through the API or a command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from grok_insights.aws.insights.item import is_mark
from scripts.pause import pause, resume
from scripts.redrive import redrive
from tests.simulation import recount, sent
from tests.simulation.dynamodb import DynamoDB
from tests.simulation.functions import DEPLOYED_ATTEMPTS, Api, Function, Response
from tests.simulation.history import SKEW, Event, History, id_of
from tests.simulation.listing import FILTERS, Listing
from tests.simulation.operation import WAITS, Operation
from tests.simulation.operators import Operators
from tests.simulation.profiles import change
from tests.simulation.scheduler import Task
from tests.simulation.urls import DEAD, QUEUE
from tests.simulation.world import Outside, World

ONE, BULK, LIST = "/api/v1/conversations", "/api/v1/conversations/bulk", "/api/v1/insights"
TRENDS = "/api/v1/insights/trends"
SERIES: tuple[dict[str, str], ...] = (
    {"interval": "hour"},
    {"interval": "day", "by": "field.risk"},
    {"interval": "day", "by": "segment.plan"},
)
MAX_PAGES = 60
HEALTH_SECONDS = 4.0
"""Longer than the health check remembers its response."""


def generation_of(dynamodb: DynamoDB, identity: str) -> int:
    """Return the generation of the stored conversation with an id; 0 if there is none."""
    item = dynamodb.tables["conversations"].items.get((identity,), {})
    return int(item["generation"]["N"]) if item.keys() & {"text", "turns"} else 0


class Actors:
    """Runs a scenario's operations; each actor's operations run one after another."""

    def __init__(
        self, world: World, api: Api, analysis: Function, operators: Operators, rework: Function
    ) -> None:
        self.world, self.api, self.analysis = world, api, analysis
        self.operators, self.rework = operators, rework
        self.history = History()
        self.deleted: set[str] = set()
        self.health_checks: set[str] = set()
        """The health checks that run now."""
        self.conversations: set[str] = set()
        """The ids of all conversations that clients have sent or deleted."""
        self.kinds: dict[str, Callable[[str, Operation], None]] = {
            "post": self._post,
            "repeat": self._post,
            "change": self._post,
            "bulk": self._bulk,
            sent.TOP_UP: self._top_up,
            "delete": self._delete,
            "insight": self._insight,
            "conversation": self._conversation,
            "list": self._list,
            "trends": self._trends,
            "health": self._health,
            "pause": self._pause,
            "resume": self._resume,
            "redrive": self._redrive,
            "deploy": self._deploy,
            "damage": self._damage,
            "repair": self._repair,
            "profile": self._profile,
            **operators.kinds,
        }

    def start(self, operations: Sequence[Operation]) -> list[Task]:
        """Start a task for each operation, so that removing one operation does not change the
        others.
        """
        self.deleted |= {id_of(one.key) for one in operations if one.kind == "delete"}
        return [
            self.world.scheduler.spawn(
                f"{one.actor}.{one.kind}@{one.at:.3f}",
                Outside(self.world, one.actor),
                partial(self._do, one),
                delay=one.at,
            )
            for one in operations
        ]

    def _do(self, operation: Operation) -> None:
        task = self.world.scheduler.current
        assert task is not None
        self.kinds[operation.kind](task.name, operation)

    def _request(
        self, name: str, method: str, path: str, body: Any = None, **query: str
    ) -> Response:
        return self.api.request(name, method, path, body, None, **query)

    def _post(self, name: str, operation: Operation) -> None:
        began = self.world.scheduler.now
        body = sent.body(operation.key, operation.text, operation)
        identity = id_of(operation.key)
        before = self._insight_of(identity)
        response = self._request(name, "POST", ONE, body)
        status = response.status if response.is_known else 0
        self._add(identity, "post", began, status, operation.text)
        if status == 202:
            self._check_status(identity, before, response.body["status"])
        if status == 202 and response.body["id"] != identity:
            self.world.violated("id", f"{operation.key} got another id")

    def _insight_of(self, identity: str) -> Any:
        """Return the item of the insight that the stored conversation has now."""
        dynamodb = self.world.dynamodb
        item = dynamodb.tables["insights"].items.get((identity,))
        if item is None or is_mark(item):
            return None
        generation = generation_of(dynamodb, identity)
        return item if int(item["generation"]["N"]) == generation else None

    def _check_status(self, identity: str, before: Any, status: str) -> None:
        """Check the status in a response by the insight, if that did not change meanwhile."""
        now = self._insight_of(identity)
        is_old = now is None or self.world.scenario.has_expired  # it may have expired
        if (not is_old and now is before and status == "enqueued") or (
            now is None and before is None and status != "enqueued" and self._is_alone(identity)
        ):
            self.world.violated("status", f"{identity} is said to be {status}")

    def _is_alone(self, identity: str) -> bool:
        """Whether nobody deletes the conversation in this run."""
        return identity not in self.deleted

    def _add(self, identity: str, kind: str, began: float, status: int, text: str = "") -> None:
        event = Event(kind, began, self.world.scheduler.now, status, text)
        self.history.add(identity, event)
        self.conversations.add(identity)

    def _bulk(self, name: str, operation: Operation) -> None:
        began = self.world.scheduler.now
        named, texts = sent.names(operation), sent.texts(operation)
        items = [
            sent.body(one, text, operation) for one, text in zip([*named, None], texts, strict=True)
        ]
        response = self._request(name, "POST", BULK, {"conversations": items})
        results = response.body["results"] if response.status == 202 else [None] * len(items)
        for item, text, result in zip(items, texts, results, strict=True):
            accepted = result is not None and result["status"] != "rejected"
            unknown = result is None or (
                result["status"] == "rejected" and result["error"]["status"] >= 500
            )
            status = 202 if accepted else 0 if unknown else 409
            external = item.get("external_id")
            if external is not None:
                self._add(id_of(external), "post", began, status, text)
            elif accepted:
                self._add(result["id"], "post", began, status, text)

    def _top_up(self, name: str, operation: Operation) -> None:
        """Send a bulk if the run is behind its least number of calls."""
        if self.world.calls < operation.least_calls:
            self._bulk(name, operation)

    def _delete(self, name: str, operation: Operation) -> None:
        identity = id_of(operation.key)
        if operation.number == WAITS:
            self.operators.wait_for_replacement(identity)
        began = self.world.scheduler.now
        before = generation_of(self.world.dynamodb, identity)
        response = self._request(name, "DELETE", f"{ONE}/{identity}")
        status = response.status if response.is_known else 0
        self._add(identity, "delete", began, status)
        if status == 204 and 0 < generation_of(self.world.dynamodb, identity) <= before:
            self.world.violated("erased", f"{operation.key} was erased, and is there")
        if status == 404 and self._shows_insight(identity):
            self.world.violated("expiry", f"{operation.key} is not found, and its insight is shown")

    def _shows_insight(self, identity: str) -> bool:
        """Whether there is now an insight without its conversation."""
        dynamodb = self.world.dynamodb
        item = dynamodb.tables["insights"].items.get((identity,))
        if item is None or is_mark(item) or identity in recount.conversations(dynamodb):
            return False
        return float(item["ttl"]["N"]) > self.world.scheduler.now

    def get(self, name: str, path: str) -> Response:
        """Return the response of the API to GET of a path."""
        return self._request(name, "GET", path)

    def _insight(self, name: str, operation: Operation) -> None:
        began = self.world.scheduler.now
        identity = id_of(operation.key)
        stood = self._stands_untouched(identity, began)
        is_gone = not self._has_conversation(identity, began)
        response = self._request(name, "GET", f"{LIST}/{identity}")
        if response.status == 200 and is_gone and not self._has_conversation(identity, began):
            self.world.violated("expiry", f"{operation.key} is gone, and its insight is shown")
        if response.status == 404 and stood and self._stands_untouched(identity, began):
            self.world.violated("read", f"{operation.key} was answered with 202, and is not found")

    def _has_conversation(self, identity: str, at: float) -> bool:
        """Whether there is a conversation that has not expired at a time."""
        dynamodb = self.world.dynamodb
        item = dynamodb.tables["conversations"].items.get((identity,), {})
        return "ttl" in item and "erased" not in item and float(item["ttl"]["N"]) > at - SKEW

    def _stands_untouched(self, identity: str, at: float) -> bool:
        """Whether a 202 still applies, because no deletion was ever requested."""
        events = self.history.events.get(identity, [])
        accepted = any(one.kind == "post" and one.status == 202 for one in events)
        return accepted and self._is_alone(identity) and not self.world.scenario.has_expired

    def _conversation(self, name: str, operation: Operation) -> None:
        identity = id_of(operation.key)
        response = self._request(name, "GET", f"{ONE}/{identity}")
        if response.status == 200 and sent.analysed(response.body) not in self._possible(identity):
            self.world.violated("text", f"{operation.key} has a text that nobody sent")

    def _possible(self, identity: str) -> set[str]:
        posted = {
            one.text
            for one in self.world.scenario.operations
            if one.kind in {"post", "repeat", "change"} and id_of(one.key) == identity
        }
        return posted | self.history.texts(identity)

    def _list(self, name: str, operation: Operation) -> None:
        chosen = FILTERS[Random(name).randrange(len(FILTERS))]
        self.list_all(name, str(operation.number), **chosen)

    def list_all(self, name: str, limit: str, **query: str) -> list[str] | None:
        """Return the ids of all pages of a list; None if a page could not be read."""
        listing = Listing(self.world, query)
        seen: list[str] = []
        cursor: dict[str, str] = {}
        for page in range(MAX_PAGES):
            path = f"{name}.p{page}" if page else name
            response = self._request(path, "GET", LIST, **query, limit=limit, **cursor)
            if response.status != 200:
                return None
            seen += [item["id"] for item in response.body["items"]]
            if response.body["next_cursor"] is None:
                for fault in listing.faults(seen) if not self.world.scenario.has_expired else ():
                    self.world.violated("list", fault)
                return seen
            cursor = {"cursor": response.body["next_cursor"]}
        return seen

    def _trends(self, name: str, operation: Operation) -> None:
        self._request(name, "GET", TRENDS, **SERIES[Random(name).randrange(len(SERIES))])

    def verified_trends(self, name: str, by: str) -> Response:
        """Return the trends of the last hours by day, with a recount of the insights."""
        since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        query = {"from": since, "interval": "day", "by": by, "verify": "true"}
        return self._request(name, "GET", TRENDS, **query)

    def _health(self, name: str, operation: Operation) -> None:
        self._check_health(name)

    def _check_health(self, name: str) -> Response:
        self.health_checks.add(name)
        response = self._request(name, "GET", "/health")
        self.health_checks.remove(name)
        return response

    def _profile(self, name: str, operation: Operation) -> None:
        change(self.api, self.world.profiles, name, operation)

    def _pause(self, name: str, operation: Operation) -> None:
        pause(self.world.dynamodb_client, "state", "simulated", datetime.now(UTC))  # type: ignore[arg-type]
        self.world.scenario.paused_since = self.world.elapsed

    def _resume(self, name: str, operation: Operation) -> None:
        self.world.scenario.paused_since = None
        resume(self.world.dynamodb_client, "state")  # type: ignore[arg-type]

    def _redrive(self, name: str, operation: Operation) -> None:
        done = redrive(self.world.sqs_client, DEAD, QUEUE, now=datetime.now(UTC))  # type: ignore[arg-type]
        self.world.note(name, f"{done}")

    def _damage(self, name: str, operation: Operation) -> None:
        damage, scheduler = self.world.monitor.damage, self.world.scheduler
        done = damage.write(operation.number, datetime.now(UTC))
        if done is None or not done[1].stops:
            return
        running = set(self.health_checks)
        while running & self.health_checks:  # their responses are remembered from their end on
            scheduler.sleep(1.0)
        scheduler.sleep(HEALTH_SECONDS)
        before = damage.is_there(done[0])
        response = self._check_health(name)
        if before and damage.is_there(done[0]):
            damage.check_health(*done, response)

    def _repair(self, name: str, operation: Operation) -> None:
        self.world.monitor.damage.repair()

    def _deploy(self, name: str, operation: Operation) -> None:
        """Start new environments, with other settings that may change at any time."""
        changed = {**self.analysis.settings, "MIN_BATCH_SIZE": "1"}
        changed["MAX_ATTEMPTS"] = str(DEPLOYED_ATTEMPTS)
        if operation.key:
            changed["DAILY_BUDGET_USD"] = operation.key
        for function in (*self.api.functions, self.analysis, self.rework):
            function.deploy(changed)
        self.world.note(name, "deployed")
