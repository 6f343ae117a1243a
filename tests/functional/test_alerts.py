"""Alerts: rules over HTTP, evaluations on tables of moto, and the events that are sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from functions.alerts.app import handler
from functions.ingest.app import create_app as ingest_app
from grok_insights import wiring
from grok_insights.aws import clients
from grok_insights.aws.state.names import ALERTS
from grok_insights.domain.insight import Analysis, Sentiment
from grok_insights.errors import EventsNotSent
from grok_insights.telemetry import metrics
from grok_insights.wiring import Parts
from scripts.events_page import schemas
from tests.builders import NOW, LambdaContext, api_event, insight
from tests.functional.conftest import Clock
from tests.functional.imports import Imports, jsonl
from tests.functional.lost_responses import lost_responses
from tests.functional.query import ClientResponse, Query, identity, response_of

RULES = "/api/v1/alerts/rules"
REFUNDS = {"name": "refunds", "label": "topic:refund", "above": 2}


class Alerts:
    """The three functions, with parts of a test, and what was sent to the bus."""

    def __init__(self, parts: Parts) -> None:
        self.client = client = clients.events()
        client.create_event_bus(Name=parts.settings.event_bus)
        self.events = client.meta.events
        self.events.register("provide-client-params.events.PutEvents", self._note)
        self.parts = replace(parts, eventbridge=lambda: client, sleep=lambda _: None)
        self.query = Query(self.parts)
        self.ingest = ingest_app(self.parts)
        self.numbers = count()
        self.sent: list[dict[str, Any]] = []

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        for entry in params["Entries"]:
            assert entry["DetailType"] == "trend.alert"
            self.sent.append(json.loads(entry["Detail"]))

    def add(self, **changes: Any) -> ClientResponse:
        return response_of(self.ingest, api_event("POST", RULES, {**REFUNDS, **changes}))

    def remove(self, name: str) -> ClientResponse:
        return response_of(self.ingest, api_event("DELETE", f"{RULES}/{name}"))

    def save(self, how_many: int, topic: str = "refund", **ago: float) -> None:
        outcome = Analysis("Late.", Sentiment.NEGATIVE, (topic,), {"risk": "high"})
        self.query.save(
            insight(
                conversation_id=identity(next(self.numbers)),
                outcome=outcome,
                occurred_at=NOW - timedelta(**ago),
            )
            for _ in range(how_many)
        )

    def run(self) -> list[dict[str, Any]]:
        """Invoke the function as its schedule does, and return what it sent."""
        before = len(self.sent)
        handler({}, LambdaContext(), wiring.alerts(self.parts))
        return self.sent[before:]

    def fail_at(self, place: int, fault: BaseException, *, has_effect: bool) -> list[str]:
        """Run the function with a fault at one of its requests; return the requests until then."""
        faulty = Faulty(place, fault, has_effect)
        dynamodb, client = faulty.client(self.parts.dynamodb), faulty.client(self.client)
        watch = wiring.alerts(replace(self.parts, dynamodb=dynamodb, eventbridge=lambda: client))
        with suppress(type(fault), EventsNotSent):
            watch.run()
        return faulty.seen

    def shown(self, **query: str) -> list[dict[str, Any]]:
        return list(self.query.get("/api/v1/alerts", **query).body["items"])


@pytest.fixture
def alerts(parts: Parts) -> Alerts:
    return Alerts(parts)


def test_a_job_that_was_not_planned_for_an_hour_is_counted_as_stuck(
    alerts: Alerts, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    Imports(alerts.parts).start(jsonl({"text": "One"}))
    clock.move(hours=1)
    alerts.run()
    assert '"JobsStuck":[0.0]' in capsys.readouterr().out
    clock.move(seconds=1)
    alerts.run()
    assert '"JobsStuck":[1.0]' in capsys.readouterr().out


def test_a_breach_and_its_end_are_one_event_each(alerts: Alerts, clock: Clock) -> None:
    assert alerts.add().status == 201
    assert alerts.run() == []
    alerts.save(3)
    [begun] = alerts.run()
    alerts.save(5)
    assert alerts.run() == []
    clock.move(hours=2)
    [ended] = alerts.run()
    assert alerts.run() == []
    [alert] = alerts.shown()
    assert begun == {
        "event_id": begun["event_id"],
        "alert_id": alert["id"],
        "status": "breached",
        "rule": {**REFUNDS, "measure": "count", "minimum": 1, "window": "1h", "above": 2.0},
        "since": "2026-11-23T10:15:00.000Z",
        "window": {"from": "2026-11-23T10:00:00.000Z", "to": "2026-11-23T11:00:00.000Z"},
        "count": 3,
        "completed": 3,
        "value": 3.0,
    }
    assert ended == {
        **begun,
        "status": "ended",
        "event_id": ended["event_id"],
        "ended_at": "2026-11-23T12:15:00.000Z",
    }
    assert begun["event_id"] != ended["event_id"]
    for event in (begun, ended):
        jsonschema.validate(event, schemas()["trend.alert"])
    assert alert["status"] == "ended"


def test_rules_on_fields_and_sentiments_count_their_own_labels(alerts: Alerts) -> None:
    alerts.add(name="a", label="field.risk:high", window="1d", measure="share", above=0.9)
    alerts.add(name="b", label="field.risk:low", window="1d", above=0)
    alerts.add(name="c", label="sentiment:negative", above=19)
    alerts.add(name="d", label="sentiment:positive", above=0)
    alerts.save(20)
    assert [(one["rule"]["name"], one["value"]) for one in alerts.run()] == [("a", 1.0), ("c", 20)]


def test_a_backlog_that_is_older_than_the_window_never_alerts(alerts: Alerts) -> None:
    alerts.add()
    alerts.add(name="daily", window="1d")
    alerts.save(50, days=1)
    assert alerts.run() == []


REQUESTS = ("get_item", "batch_get_item", "put_item", "put_events", "get_item", "put_item")
"""The requests of a run that finds a breach."""


@dataclass
class Faulty:
    """Clients with a fault at one of their requests, before or after it has its effect."""

    place: int
    fault: BaseException
    has_effect: bool
    seen: list[str] = field(default_factory=list)

    def client(self, real: Any) -> Any:
        """Return a client whose requests count."""
        names = [name for name in REQUESTS if hasattr(real, name)]
        return SimpleNamespace(**{name: self._request(real, name) for name in names})

    def _request(self, real: Any, name: str) -> Callable[..., Any]:
        def request(**parameters: Any) -> Any:
            self.seen.append(name)
            is_here = len(self.seen) == self.place + 1
            if is_here and not self.has_effect:
                raise self.fault
            response = getattr(real, name)(**parameters)
            if is_here:
                raise self.fault
            return response

        return request


@pytest.mark.parametrize("has_effect", [False, True])
@pytest.mark.parametrize(
    "fault", [KeyboardInterrupt(), ConnectionClosedError(endpoint_url="aws")], ids=["dies", "lost"]
)
@pytest.mark.parametrize("place", range(len(REQUESTS)))
def test_a_fault_at_any_request_neither_loses_nor_doubles_the_begin_or_the_end(
    alerts: Alerts, clock: Clock, place: int, fault: BaseException, has_effect: bool
) -> None:
    """The function dies before or after a request has its effect, or gets no response."""
    alerts.add()
    alerts.save(3)
    for _ in range(2):
        seen = alerts.fail_at(place, fault, has_effect=has_effect)
        assert tuple(seen[: place + 1]) == REQUESTS[: place + 1]
        alerts.run()
        assert alerts.run() == []
        clock.move(hours=2)
    told = {(one["event_id"], one["status"]) for one in alerts.sent}
    assert sorted(status for _, status in told) == ["breached", "ended"]
    assert len({one["alert_id"] for one in alerts.sent}) == len(alerts.shown()) == 1


def test_a_run_that_ends_before_it_notes_what_it_sent_leaves_the_same_event_to_the_next_one(
    alerts: Alerts,
) -> None:
    alerts.add()
    alerts.save(3)

    def die(**_: Any) -> None:
        raise KeyboardInterrupt

    alerts.events.register("after-call.events.PutEvents", die, unique_id="die")
    with pytest.raises(KeyboardInterrupt):
        alerts.run()
    alerts.events.unregister("after-call.events.PutEvents", unique_id="die")
    alerts.run()
    first, second = alerts.sent
    assert first == second
    assert alerts.run() == []


def test_an_event_that_is_not_accepted_is_sent_by_the_next_run(alerts: Alerts) -> None:
    alerts.add()
    alerts.save(3)

    def refuse(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="events")

    alerts.events.register("provide-client-params.events.PutEvents", refuse, unique_id="no")
    with pytest.raises(EventsNotSent):
        alerts.run()
    alerts.events.unregister("provide-client-params.events.PutEvents", unique_id="no")
    [again] = alerts.run()
    assert again["event_id"] in {one["event_id"] for one in alerts.sent}
    assert [one["status"] for one in alerts.shown()] == ["breached"]
    assert alerts.run() == []


def once_before_a_write(alerts: Alerts, happening: Callable[[], object]) -> None:
    """Let something happen between the read and the next write of the item."""
    events = alerts.parts.dynamodb.meta.events

    def happen(**_: Any) -> None:
        events.unregister("provide-client-params.dynamodb.PutItem", unique_id="once")
        happening()

    events.register("provide-client-params.dynamodb.PutItem", happen, unique_id="once")


def test_two_runs_at_the_same_time_begin_one_alert(alerts: Alerts, clock: Clock) -> None:
    alerts.add()
    alerts.save(3)

    def other_run() -> None:
        clock.move(seconds=1)
        alerts.run()

    once_before_a_write(alerts, other_run)
    alerts.run()
    assert len({one["event_id"] for one in alerts.sent}) == 1
    assert len(alerts.shown()) == 1


def test_a_rule_that_is_added_during_an_evaluation_is_kept(alerts: Alerts) -> None:
    alerts.add()
    alerts.save(3)
    once_before_a_write(alerts, lambda: alerts.add(name="other", above=1))
    assert [one["rule"]["name"] for one in alerts.run()] == ["other", "refunds"]
    names = [rule["name"] for rule in alerts.query.get(RULES).body["items"]]
    assert names == ["other", "refunds"]


def test_a_write_whose_response_is_lost_counts_as_written(alerts: Alerts) -> None:
    alerts.add()
    alerts.save(3)
    with lost_responses(alerts.parts.dynamodb, "PutItem") as lost:
        alerts.run()
    assert len(lost) == 1
    assert [one["status"] for one in alerts.sent] == ["breached"]
    assert len(alerts.shown()) == 1


def test_a_deleted_rule_ends_its_alert_with_the_next_run(alerts: Alerts, clock: Clock) -> None:
    alerts.add()
    alerts.save(3)
    alerts.run()
    clock.move(minutes=1)
    assert alerts.remove("refunds").status == 204
    [ended] = alerts.run()
    assert (ended["status"], ended["ended_at"]) == ("ended", "2026-11-23T10:16:00.000Z")
    assert alerts.remove("refunds").status == 404


def test_a_rule_is_added_once_and_shown_with_its_defaults(alerts: Alerts) -> None:
    added = alerts.add(measure="share", above=0.25)
    shown = {**REFUNDS, "measure": "share", "above": 0.25, "minimum": 20, "window": "1h"}
    assert (added.status, added.body) == (201, shown)
    again = alerts.add(measure="share", above=0.25, minimum=20)
    assert (again.status, again.body) == (200, shown)
    assert alerts.query.get(RULES).body == {"items": [shown]}
    other = alerts.add(above=1)
    assert (other.status, other.body["detail"]) == (
        409,
        "another rule has this name; delete it first",
    )


@pytest.mark.parametrize(
    ("changes", "location", "message"),
    [
        (
            {"label": "refund"},
            "body.label",
            "must be topic:NAME, field.NAME:VALUE, segment.NAME:VALUE or sentiment:NAME",
        ),
        ({"window": "2h"}, "body.window", "must be '1h' or '1d'"),
        ({"measure": "sum"}, "body.measure", "must be 'count' or 'share'"),
        ({"above": -1}, "body.above", "must be at least 0.0"),
        ({"above": "5"}, "body.above", "must be a number"),
        (
            {"name": "Many Refunds"},
            "body.name",
            "must be lower-case letters and digits with - or _ between them, like many-refunds",
        ),
        ({"label": "field.a:b"}, "body.window", "must be 1d for fields and segments"),
        ({"below": 1}, "body.below", "is not a known name"),
    ],
)
def test_a_rule_that_is_not_valid_is_refused_by_the_name_of_its_field(
    alerts: Alerts, changes: dict[str, Any], location: str, message: str
) -> None:
    response = alerts.add(**changes)
    assert response.status == 422
    assert response.body["errors"] == [{"location": location, "message": message}]


def test_alerts_are_listed_newest_first_and_by_status(alerts: Alerts, clock: Clock) -> None:
    alerts.add()
    alerts.save(3)
    alerts.run()
    clock.move(hours=3)
    alerts.run()
    alerts.save(4, hours=-3)
    alerts.run()
    assert [one["count"] for one in alerts.shown()] == [4, 3]
    assert [one["count"] for one in alerts.shown(status="breached")] == [4]
    assert [one["count"] for one in alerts.shown(status="ended")] == [3]
    response = alerts.query.get("/api/v1/alerts", status="open")
    assert (response.status, response.body["errors"][0]["location"]) == (422, "query.status")


def test_a_damaged_item_is_an_error_that_names_it_and_shows_nothing_of_it(alerts: Alerts) -> None:
    alerts.parts.dynamodb.put_item(
        TableName=alerts.parts.settings.state_table,
        Item={"id": {"S": ALERTS}, "document": {"S": '{"rules": "4111"}'}},
    )
    for response in (alerts.add(), alerts.query.get(RULES), alerts.query.get("/api/v1/alerts")):
        assert response.status == 503
        assert response.body["detail"] == "the stored item alerts cannot be read"


def test_an_evaluation_of_many_rules_reads_a_bounded_number_of_items(alerts: Alerts) -> None:
    for number in range(50):
        alerts.add(name=f"r{number}", label=f"topic:t{number}")
    assert alerts.add(name="one-more").status == 409
    keys = 0
    calls: list[str] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        nonlocal keys
        calls.append(model.name)
        for request in params.get("RequestItems", {}).values():
            keys += len(request["Keys"])

    alerts.parts.dynamodb.meta.events.register("provide-client-params.dynamodb", note)
    alerts.run()
    shards = alerts.parts.settings.index_shards
    assert keys == shards * (50 + 2), "both hours of a topic are in one item of the day"
    assert set(calls) == {"GetItem", "BatchGetItem"}


def test_the_function_says_how_many_rules_it_evaluated_and_how_many_are_breached(
    alerts: Alerts, capsys: pytest.CaptureFixture[str]
) -> None:
    alerts.add()
    alerts.save(3)
    capsys.readouterr()
    metrics.clear_metrics()
    alerts.run()
    [line] = [one for one in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in one]
    emitted = json.loads(line)
    wanted = ("AlertRulesEvaluated", "AlertsBreached", "AlertEventsSent")
    assert [emitted[name] for name in wanted] == [[1.0], [1.0], [1.0]]


def test_an_error_of_the_database_fails_the_run(alerts: Alerts) -> None:
    alerts.add()

    def throttle(**_: Any) -> None:
        error = {"Error": {"Code": "ProvisionedThroughputExceededException"}}
        raise ClientError(error, "BatchGetItem")  # type: ignore[arg-type]

    alerts.parts.dynamodb.meta.events.register(
        "provide-client-params.dynamodb.BatchGetItem", throttle
    )
    with pytest.raises(ClientError):
        alerts.run()
