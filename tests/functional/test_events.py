"""Events: what the stream's function tells others about insights, and what it does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from functions.events.app import handler
from grok_insights import wiring
from grok_insights.aws import clients
from grok_insights.aws.ledger import Entry
from grok_insights.bodies.events import EVENT_BODIES
from grok_insights.domain.events import EventType, event_id
from grok_insights.domain.insight import Analysis, Failure, Sentiment
from grok_insights.errors import EventsNotSent
from grok_insights.telemetry import metrics
from grok_insights.wiring import Parts
from scripts.events_page import schemas
from tests.builders import AN_ID, GENERATION, LIFETIME, NOW, LambdaContext, failed_insight, insight
from tests.functional.storage import NAMED, Storage
from tests.functional.stream import Record, Stream, record

SECRET = "4111 1111 1111 1111"


class Bus:
    """What EventBridge was sent. A script of error codes makes it refuse entries or requests."""

    def __init__(self, parts: Parts) -> None:
        self.client = clients.events()
        self.client.create_event_bus(Name=parts.settings.event_bus)
        self.requests: list[list[dict[str, Any]]] = []
        self.refused: Callable[[dict[str, Any]], bool] = lambda _: False
        self.error: Exception | None = None
        self.waits: list[float] = []
        events = self.client.meta.events
        events.register("provide-client-params.events.PutEvents", self._note)
        events.register("after-call.events.PutEvents", self._refuse)
        self.parts = replace(parts, eventbridge=lambda: self.client, sleep=self.waits.append)

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        self.requests.append(list(params["Entries"]))
        if self.error is not None:
            raise self.error

    def _refuse(self, parsed: dict[str, Any], **_: Any) -> None:
        for entry, result in zip(self.requests[-1], parsed["Entries"], strict=True):
            if self.refused(entry):
                result.pop("EventId", None)
                result["ErrorCode"] = "ThrottlingException"
                parsed["FailedEntryCount"] += 1

    def handle(self, *records: Record) -> list[str]:
        """Process a batch, and return the sequence numbers of the failures."""
        publishing = wiring.events(self.parts)
        response = handler({"Records": list(records)}, LambdaContext(), publishing)
        return [one["itemIdentifier"] for one in response["batchItemFailures"]]

    def sent(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the type and the detail of every entry that was sent."""
        return [
            (entry["DetailType"], json.loads(entry["Detail"]))
            for request in self.requests
            for entry in request
        ]


@pytest.fixture
def bus(parts: Parts) -> Bus:
    return Bus(parts)


@pytest.fixture
def storage(parts: Parts) -> Storage:
    return Storage(parts)


@pytest.fixture
def stream(parts: Parts) -> Stream:
    return Stream(parts)


def saved(storage: Storage, stream: Stream, *entries: Entry) -> list[Record]:
    """Save entries one after another, and return the records of the stream."""
    records: list[Record] = []
    for entry in entries:
        save = partial(storage.ledger.save, [entry])
        records += stream.of(entry.insight.conversation_id, save)
    return records


def completed(number: int = 1, **changes: Any) -> Record:
    """Return the record of a new insight, whose item is made by the code that stores insights."""
    identity = f"00000000-0000-0000-0000-{number:012}"
    item = Entry(insight(conversation_id=identity, **changes), LIFETIME).item(4)
    return record(None, item, number=number)


def test_an_insight_is_told_with_ids_time_sentiment_topics_and_its_version(
    bus: Bus, storage: Storage, stream: Stream
) -> None:
    entry = Entry(insight(external_id="ticket-7"), LIFETIME)
    assert bus.handle(*saved(storage, stream, entry)) == []
    assert bus.sent() == [
        (
            "insight.completed",
            {
                "event_id": event_id(EventType.INSIGHT_COMPLETED, AN_ID, GENERATION, 1),
                "id": AN_ID,
                "conversation_id": AN_ID,
                "external_id": "ticket-7",
                "occurred_at": "2026-11-23T10:15:00.000Z",
                "generation": GENERATION,
                "sequence": 1,
                "reason": "new",
                "sentiment": "negative",
                "topics": ["delivery", "refund"],
                "fields": {},
                "segments": {},
            },
        )
    ]
    [[entry_sent]] = bus.requests
    assert (entry_sent["EventBusName"], entry_sent["Source"]) == ("the-bus", "grok-insights")


def test_a_failed_insight_is_told_with_its_code_and_without_its_message(
    bus: Bus, storage: Storage, stream: Stream
) -> None:
    failure = Failure("refused", SECRET)
    bus.handle(*saved(storage, stream, Entry(insight(outcome=failure), LIFETIME)))
    [(kind, detail)] = bus.sent()
    assert (kind, detail["error_code"], detail["reason"]) == ("insight.failed", "refused", "new")
    assert SECRET not in json.dumps(detail)


def test_an_event_has_counted_fields_and_no_text_at_all(
    bus: Bus, storage: Storage, stream: Stream
) -> None:
    analysis = Analysis(
        SECRET,
        Sentiment.NEUTRAL,
        ("refund",),
        fields={"churn_risk": "high", "resolved": False, "effort": 3, "tone": None},
        text_fields={"competitor": SECRET},
    )
    bus.handle(*saved(storage, stream, Entry(insight(outcome=analysis), LIFETIME)))
    [(_, detail)] = bus.sent()
    assert detail["fields"] == {"churn_risk": "high", "resolved": False, "effort": 3}
    assert SECRET not in json.dumps(detail)


def test_the_segments_of_the_document_are_sent(bus: Bus) -> None:
    one = completed()
    image = one["dynamodb"]["NewImage"]
    document = json.loads(image["document"]["S"]) | {"segments": {"channel": "chat"}}
    image["document"] = {"S": json.dumps(document)}
    bus.handle(one)
    assert bus.sent()[0][1]["segments"] == {"channel": "chat"}


def test_a_redriven_insight_has_the_next_sequence_and_says_so(
    bus: Bus, storage: Storage, stream: Stream
) -> None:
    [message] = post(storage)
    first = stream.of(NAMED, lambda: storage.ledger.save([failed_entry(storage, message)]))
    again = replace(message, redrives=1)
    second = stream.of(NAMED, lambda: storage.analyse(again))
    bus.handle(*first, *second)
    told = [(kind, one["sequence"], one["reason"]) for kind, one in bus.sent()]
    assert told == [("insight.failed", 1, "new"), ("insight.completed", 2, "redrive")]


def test_an_erased_conversation_is_told_after_its_insight_in_order_of_sequence(
    bus: Bus, storage: Storage, stream: Stream
) -> None:
    [message] = post(storage)
    records = stream.of(NAMED, lambda: storage.analyse(message))
    records += stream.of(NAMED, storage.delete)
    bus.handle(*records)
    [(_, insight_sent), (kind, erased)] = bus.sent()
    assert kind == "conversation.erased"
    assert erased["generation"] == insight_sent["generation"]
    assert (insight_sent["sequence"], erased["sequence"]) == (1, 2)
    assert set(erased) == {"event_id", "id", "conversation_id", "generation", "sequence"}


def test_an_erased_conversation_that_had_no_insight_yet_is_told_too(
    bus: Bus, storage: Storage, stream: Stream
) -> None:
    post(storage)
    bus.handle(*stream.of(NAMED, storage.delete))
    [(kind, detail)] = bus.sent()
    assert (kind, detail["id"], detail["sequence"]) == ("conversation.erased", NAMED, 1)


def test_a_conversation_that_is_sent_again_after_its_erasure_has_a_later_generation(
    bus: Bus, storage: Storage, stream: Stream
) -> None:
    [message] = post(storage)
    records = stream.of(NAMED, lambda: storage.analyse(message))
    records += stream.of(NAMED, storage.delete)
    message = post(storage)[-1]
    records += stream.of(NAMED, lambda: storage.analyse(message))
    bus.handle(*records)
    order = [(one["generation"], one["sequence"]) for _, one in bus.sent()]
    assert order == sorted(order)
    assert len({one["event_id"] for _, one in bus.sent()}) == 3
    assert bus.sent()[-1][1]["reason"] == "new"


def test_expiry_tells_nothing_neither_of_an_insight_nor_of_a_mark(
    bus: Bus, storage: Storage, stream: Stream
) -> None:
    [message] = post(storage)
    storage.analyse(message)
    item = stream.item(NAMED)
    storage.delete()
    mark = stream.item(NAMED)
    assert bus.handle(record(item, None, by_ttl=True), record(mark, None, by_ttl=True)) == []
    assert bus.sent() == []


def test_a_change_of_an_item_that_keeps_its_version_tells_nothing(bus: Bus) -> None:
    item = completed()["dynamodb"]["NewImage"]
    bus.handle(record(item, {**item, "ttl": {"N": "1"}}))
    assert bus.sent() == []


def test_an_event_that_is_sent_twice_has_the_same_id(bus: Bus) -> None:
    bus.handle(completed())
    bus.handle(completed())
    [(_, first), (_, second)] = bus.sent()
    assert first == second


DAMAGED: dict[str, Any] = {
    "no document": {"document": None},
    "a document that is no JSON": {"document": {"S": SECRET}},
    "a document that is a list": {"document": {"S": "[]"}},
    "an unknown status": {"status": {"S": SECRET}},
    "no generation": {"generation": None},
    "a text for a revision": {"revision": {"S": SECRET}},
    "labels that are a text": {"labels": {"S": SECRET}},
    "a counted field that the document does not have": {"labels": {"M": {"field.a": {"S": "b"}}}},
    "a document of another shape": {"document": {"S": '{"topics": 1}'}},
    "a huge name": {"external_id": "x" * 300_000},
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_item_is_logged_with_its_id_and_does_not_hold_up_others(
    bus: Bus, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken = completed(1)
    image = broken["dynamodb"]["NewImage"]
    changes = dict(DAMAGED[damage])
    if "external_id" in changes:
        document = json.loads(image["document"]["S"]) | changes
        changes = {"document": {"S": json.dumps(document)}}
    image.update(changes)
    for name in [name for name, value in image.items() if value is None]:
        del image[name]
    assert bus.handle(broken, completed(2)) == []
    assert [detail["id"][-1] for _, detail in bus.sent()] == ["2"]
    [line] = caplog.records
    assert line.getMessage() == "an event cannot be made of an item"
    assert vars(line)["id"] == image["conversation_id"]["S"]
    assert SECRET not in str(vars(line))


def test_a_record_without_images_is_left_out(bus: Bus) -> None:
    assert bus.handle({"dynamodb": {}}, {"eventName": "MODIFY"}, completed()) == []
    assert len(bus.sent()) == 1


def test_a_request_has_at_most_ten_entries(bus: Bus) -> None:
    bus.handle(*map(completed, range(1, 26)))
    assert [len(request) for request in bus.requests] == [10, 10, 5]


def test_a_request_stays_below_eventbridges_limit_of_bytes(bus: Bus) -> None:
    bus.handle(*(completed(n, external_id="x" * 100_000) for n in range(1, 6)))
    assert [len(request) for request in bus.requests] == [2, 2, 1]


def test_only_the_entries_that_were_refused_are_sent_again(bus: Bus) -> None:
    refusals = iter([True, False])
    bus.refused = lambda entry: '0002"' in entry["Detail"] and next(refusals)
    assert bus.handle(*map(completed, range(1, 4))) == []
    assert [len(request) for request in bus.requests] == [3, 1]
    assert len(bus.waits) == 1


def test_the_first_record_whose_event_stays_refused_is_delivered_again(bus: Bus) -> None:
    bus.refused = lambda entry: '0013"' in entry["Detail"] or '0015"' in entry["Detail"]
    records = [completed(number) for number in range(1, 26)]
    assert bus.handle(*records) == [records[12]["dynamodb"]["SequenceNumber"]]
    # The last five records come again, so that they are not sent now.
    assert [len(request) for request in bus.requests] == [10, 10, 2, 2, 2, 2]


ERRORS = {
    "refused": ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutEvents"),
    "unreachable": EndpointConnectionError(endpoint_url="https://events"),
}


@pytest.mark.parametrize("error", ERRORS)
def test_a_batch_of_which_nothing_was_sent_is_an_error_of_the_function(
    bus: Bus, error: str
) -> None:
    """Lambda counts it in the metric ``Errors``, halves the batch and tries again."""
    bus.error = ERRORS[error]
    with pytest.raises(EventsNotSent):
        bus.handle(completed(1), completed(2))


def test_what_was_sent_and_what_was_skipped_are_counted(
    bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = completed(1)
    broken["dynamodb"]["NewImage"]["document"] = {"S": "no JSON"}
    bus.handle(broken, completed(2), completed(3))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [emitted] = [line for line in lines if "_aws" in line]
    assert (emitted["EventsSent"], emitted["EventsSkipped"]) == ([2.0], [1.0])


@pytest.fixture
def every_event(bus: Bus, storage: Storage, stream: Stream) -> Bus:
    """Send an event of each type, with everything that it can contain."""
    analysis = Analysis("s", Sentiment.POSITIVE, ("a",), fields={"effort": 1, "tone": None})
    entries = [
        Entry(insight(outcome=analysis, external_id="a"), LIFETIME),
        Entry(failed_insight(conversation_id=NAMED), LIFETIME),
    ]
    records = saved(storage, stream, *entries)
    records += stream.of(AN_ID, lambda: storage.delete(AN_ID))
    bus.handle(*records)
    return bus


def test_the_types_of_the_details_describe_what_is_sent(every_event: Bus) -> None:
    sent = every_event.sent()
    assert {kind for kind, _ in sent} == set(map(str, EventType)) - {EventType.TREND_ALERT}
    for kind, detail in sent:
        body = EVENT_BODIES[EventType(kind)]
        assert set(detail) <= set(body.__annotations__)
        jsonschema.validate(detail, schemas()[kind])


def post(storage: Storage) -> list[Any]:
    """Accept a conversation, and return the messages until now."""
    storage.post()
    return storage.messages


def failed_entry(storage: Storage, message: Any) -> Entry:
    [work] = storage.read(message).works
    failure = Failure("timeout", "Grok did not answer", gave_up=True)
    return work.entry(failed_insight(conversation_id=NAMED, created_at=NOW, outcome=failure))


@pytest.fixture(autouse=True)
def _no_metrics_left() -> Iterator[None]:
    yield
    metrics.clear_metrics()
