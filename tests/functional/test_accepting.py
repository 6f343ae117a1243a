"""A 202 is kept: lost messages are sent again, and no text remains without a known id."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from grok_insights import wiring
from grok_insights.aws.queue import Message
from grok_insights.errors import Conflict, InvalidRequest, RequestError, Unavailable
from grok_insights.ingest.conversations import Accepted
from grok_insights.wiring import Parts
from tests import recount
from tests.functional.conftest import Clock
from tests.functional.storage import NAMED, Storage

HOUR = 3_600


@pytest.fixture
def storage(parts: Parts) -> Storage:
    return Storage(parts)


def stored_in(parts: Parts) -> list[dict[str, Any]]:
    return recount.items(parts.dynamodb, parts.settings.conversations_table)


class Queue:
    """An SQS that accepts messages, or refuses them."""

    def __init__(self, parts: Parts) -> None:
        self.is_down = False
        parts.sqs.meta.events.register_last("before-call.sqs.SendMessageBatch", self._answer)

    def _answer(self, params: dict[str, Any], **_: Any) -> Any:
        if not self.is_down:
            return None
        entries = json.loads(params["body"])["Entries"]
        failed = [{"Id": one["Id"], "SenderFault": False, "Code": "x"} for one in entries]
        return AWSResponse("https://localhost", 200, HTTPHeaders(), None), {"Failed": failed}


def test_a_client_that_repeats_itself_gets_one_more_message_an_hour(
    storage: Storage, clock: Clock
) -> None:
    for _ in range(5):
        storage.post()
        clock.move(minutes=10)
    assert len(storage.messages) == 2
    clock.move(hours=1)
    for _ in range(5):
        storage.post()
    assert len(storage.messages) == 3


def test_a_message_that_is_lost_long_after_it_was_proven_is_sent_again(
    storage: Storage, clock: Clock
) -> None:
    storage.post()
    storage.post()
    storage.messages.clear()
    clock.move(seconds=HOUR - 1)
    storage.post()
    assert not storage.messages
    clock.move(seconds=1)
    assert storage.post().status == "enqueued"
    assert storage.analyse(*storage.messages).saved.keys() == {NAMED}


def test_a_repeated_request_whose_message_is_refused_proves_nothing(
    parts: Parts, storage: Storage
) -> None:
    queue = Queue(parts)
    storage.post()
    storage.messages.clear()
    queue.is_down = True
    with pytest.raises(Unavailable):
        storage.post()
    queue.is_down = False
    storage.messages.clear()
    storage.post()
    assert len(storage.messages) == 1


def test_a_conversation_with_its_insight_gets_no_message(storage: Storage, clock: Clock) -> None:
    storage.post()
    storage.analyse(storage.messages.pop())
    clock.move(hours=5)
    assert storage.post().status == "completed"
    assert not storage.messages


def test_proof_of_a_message_is_never_noted_on_a_mark(storage: Storage) -> None:
    """A deletion comes between the message of a repeated request and the note of it."""
    storage.post()
    storage.before_write(storage.delete, number=2)
    storage.post()
    [mark] = stored_in(storage.parts)
    assert set(mark) == {"id", "generation", "erased", "ttl"}


def test_proof_of_a_message_is_never_noted_on_the_conversation_that_came_again(
    storage: Storage,
) -> None:
    def come_again() -> None:
        storage.delete()
        storage.post()

    storage.post()
    storage.before_write(come_again, number=2)
    storage.post()
    stored = storage.parts.conversations.get(NAMED)
    assert stored is not None
    assert stored.enqueued_at is None


def test_a_text_whose_id_no_client_knows_does_not_remain_without_its_message(
    parts: Parts, storage: Storage
) -> None:
    Queue(parts).is_down = True
    with pytest.raises(Unavailable):
        storage.post(None)
    assert all("text" not in item for item in stored_in(parts))
    with pytest.raises(Unavailable):
        storage.post("named")
    assert any("text" in item for item in stored_in(parts))


def refuse(parts: Parts, what: str, code: str) -> None:
    """Make DynamoDB refuse each transaction that contains a text."""

    def before_call(model: Any, params: dict[str, Any], **_: Any) -> Any:
        if model.name != "TransactWriteItems" or what not in params["body"].decode():
            return None
        body = {"Error": {"Code": code, "Message": ""}}
        return AWSResponse("https://localhost", 400, HTTPHeaders(), None), body

    parts.dynamodb.meta.events.register_last("before-call", before_call)


def many(parts: Parts, count: int) -> list[Accepted | RequestError]:
    items = [{"external_id": f"t-{n}", "text": f"text {n};"} for n in range(count)]
    return wiring.ingest(parts).many(items)


def test_a_bulk_that_fails_half_way_reports_and_enqueues_what_was_stored(
    parts: Parts, storage: Storage
) -> None:
    refuse(parts, "text 120;", "ProvisionedThroughputExceededException")
    outcomes = many(parts, 250)
    accepted = [one for one in outcomes if isinstance(one, Accepted)]
    refused = [one for one in outcomes if isinstance(one, RequestError)]
    assert (len(accepted), len(refused)) == (150, 100)
    assert {one.status for one in refused} == {503}
    assert {one.conversation_id for one in storage.messages} == {
        one.conversation.id for one in accepted
    }
    assert {item["id"]["S"] for item in stored_in(parts)} == {
        one.conversation.id for one in accepted
    }


def test_a_bulk_of_which_nothing_can_be_stored_is_refused_as_a_whole(parts: Parts) -> None:
    refuse(parts, "text", "ProvisionedThroughputExceededException")
    with pytest.raises(Unavailable, match="could not be stored"):
        many(parts, 3)


def test_what_dynamodb_never_takes_is_not_answered_with_503(parts: Parts, storage: Storage) -> None:
    refuse(parts, "text 5;", "ValidationException")
    outcomes = many(parts, 20)
    assert isinstance(outcomes[5], InvalidRequest)
    assert sum(isinstance(one, Accepted) for one in outcomes) == 19
    assert len(storage.messages) == 19


def test_a_new_conversation_is_enqueued_though_statuses_cannot_be_read(
    parts: Parts, storage: Storage
) -> None:
    many(parts, 1)
    storage.messages.clear()

    def before_call(model: Any, **_: Any) -> Any:
        if model.name != "BatchGetItem":
            return None
        body = {"Error": {"Code": "AccessDeniedException", "Message": ""}}
        return AWSResponse("https://localhost", 400, HTTPHeaders(), None), body

    parts.dynamodb.meta.events.register_last("before-call", before_call)
    known, new = many(parts, 2)
    assert isinstance(known, Unavailable)
    assert isinstance(new, Accepted)
    assert [one.conversation_id for one in storage.messages] == [new.conversation.id]


def test_another_text_is_a_conflict_until_the_first_one_has_expired(
    storage: Storage, clock: Clock
) -> None:
    storage.post()
    with pytest.raises(Conflict):
        storage.post(text="Another text")
    clock.move(days=90)
    assert storage.post(text="Another text").conversation.text == "Another text"


def test_what_was_accepted_is_read_consistently(parts: Parts, storage: Storage) -> None:
    reads: list[bool] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        reads.append(params.get("ConsistentRead", False))

    parts.dynamodb.meta.events.register("provide-client-params.dynamodb.GetItem", note)
    storage.post()
    insights = wiring.query(parts).insights
    assert insights.insight(NAMED) is None
    assert insights.conversation(NAMED)["status"] == "enqueued"
    assert reads
    assert all(reads)


def test_the_depth_of_the_queue_counts_what_was_just_sent(parts: Parts) -> None:
    queue = parts.queue
    assert queue.depth() == 0
    queue.send([Message(str(UUID(int=n)), 1, parts.now(), generation=1) for n in range(3)])
    assert queue.depth() == 3
