"""Items that were changed by hand: each affects its own message, and never a batch or a list."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from functions.analysis import app as analysis_app
from grok_insights import wiring
from grok_insights.aws.queue import Message
from grok_insights.errors import Conflict, UnreadableItem
from grok_insights.wiring import Parts
from tests import recount
from tests.builders import LambdaContext, sqs_event
from tests.functional.query import LIST, TRENDS, Query
from tests.functional.storage import NAME, NAMED, Storage
from tests.unit.test_messages import POISON

SECRET = "4111 1111 1111 1111"
GOOD = str(UUID(int=9))

Damage = Callable[[dict[str, Any]], object]

CONVERSATIONS: dict[str, Damage] = {
    "no text": lambda item: item.pop("text"),
    "a number for a text": lambda item: item.update(text={"N": "7"}),
    "no time": lambda item: item.pop("created_at"),
    "a time without a zone": lambda item: item.update(created_at={"S": "2026-11-23T10:15:00"}),
    "a text for a time": lambda item: item.update(created_at={"S": SECRET}),
    "no generation": lambda item: item.pop("generation"),
    "a text for a generation": lambda item: item.update(generation={"S": SECRET}),
    "a fraction": lambda item: item.update(generation={"N": "1.5"}),
    "an absurd generation": lambda item: item.update(generation={"N": "1" + "0" * 30}),
    "a text for its end": lambda item: item.update(ttl={"S": SECRET}),
    "an absurd end": lambda item: item.update(ttl={"N": "9" * 30}),
    "metadata that is no JSON": lambda item: item.update(metadata={"S": SECRET}),
    "an absurd enqueued_at": lambda item: item.update(enqueued_at={"N": "1"}),
}


def with_turns(turns: str) -> Damage:
    """Replace the text by turns."""

    def damage(item: dict[str, Any]) -> None:
        del item["text"]
        item["turns"] = {"S": turns}

    return damage


TURNS: dict[str, Damage] = {
    "a text and turns": lambda item: item.update(turns={"S": '[{"role": "bot", "text": "Hi"}]'}),
    "turns that are a number": lambda item: item.update(turns={"N": "7"}),
    "turns that are no JSON": with_turns(SECRET),
    "turns that are no list": with_turns('{"role": "bot"}'),
    "no turns": with_turns("[]"),
    "turns that are texts": with_turns(f'["{SECRET}"]'),
    "an unknown role": with_turns(f'[{{"role": "{SECRET}", "text": "Hi"}}]'),
    "a turn without a text": with_turns('[{"role": "bot"}]'),
    "a turn whose text is a number": with_turns('[{"role": "bot", "text": 7}]'),
    "a turn whose name is a list": with_turns('[{"role": "bot", "text": "Hi", "name": []}]'),
    "a turn without a valid time": with_turns(
        f'[{{"role": "bot", "text": "Hi", "at": "{SECRET}"}}]'
    ),
    "a turn whose time is a number": with_turns('[{"role": "bot", "text": "Hi", "at": 7}]'),
}
INSIGHTS: dict[str, Damage] = {
    "no status": lambda item: item.pop("status"),
    "an unknown status": lambda item: item.update(status={"S": SECRET}),
    "a number for a status": lambda item: item.update(status={"N": "1"}),
    "no generation": lambda item: item.pop("generation"),
    "no revision": lambda item: item.pop("revision"),
    "a text for a revision": lambda item: item.update(revision={"S": SECRET}),
    "an unknown kind": lambda item: item.update(kind={"S": SECRET}),
    "no kind": lambda item: item.pop("kind"),
    "a list for a kind": lambda item: item.update(kind={"L": []}),
    "no time": lambda item: item.pop("occurred_at"),
    "a text for a time": lambda item: item.update(occurred_at={"S": SECRET}),
    "numbers for topics": lambda item: item.update(labels={"M": {"topic": {"L": [{"N": "1"}]}}}),
    "a text for labels": lambda item: item.update(labels={"S": SECRET}),
    "no labels": lambda item: item.pop("labels"),
    "a fraction of a token": lambda item: item.update(tokens_used={"N": "1.5"}),
}
DOCUMENTS: dict[str, Damage] = {
    "no document": lambda item: item.pop("document"),
    "a document that is no JSON": lambda item: item.update(document={"S": SECRET}),
    "a document that is a list": lambda item: item.update(document={"S": "[]"}),
    "a text for its end": lambda item: item.update(ttl={"S": SECRET}),
}


@pytest.fixture
def storage(parts: Parts) -> Storage:
    return Storage(parts)


def change(parts: Parts, table: str, damage: Damage) -> None:
    """Damage the only item of a table."""
    [item] = recount.items(parts.dynamodb, table)
    damage(item)
    parts.dynamodb.put_item(TableName=table, Item=item)


def good(storage: Storage) -> Message:
    """Return the message of another conversation, for the same batch."""
    storage.post("other")
    return storage.messages.pop()


@pytest.mark.parametrize("damage", (CONVERSATIONS | TURNS).values(), ids=CONVERSATIONS | TURNS)
def test_a_damaged_conversation_costs_its_own_message_and_can_be_deleted(
    storage: Storage, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    storage.post()
    message = storage.messages.pop()
    change(storage.parts, storage.parts.settings.conversations_table, damage)
    todo = storage.read(message, good(storage))
    assert [one.conversation_id for one in todo.unreadable] == [NAMED]
    assert len(todo.works) == 1
    with pytest.raises(Conflict, match="damaged"):
        storage.post()
    with pytest.raises(UnreadableItem):
        storage.parts.conversations.get(NAMED)
    assert storage.delete()
    storage.post()
    assert len(storage.read(*storage.messages).works) == 1
    said = str([vars(record) for record in caplog.records])
    assert NAMED in said
    assert SECRET not in said


@pytest.mark.parametrize("damage", INSIGHTS.values(), ids=INSIGHTS)
def test_a_damaged_insight_costs_its_own_message_and_can_be_deleted(
    storage: Storage, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    storage.post()
    message = storage.messages.pop()
    storage.analyse(message)
    change(storage.parts, storage.parts.settings.insights_table, damage)
    todo = storage.read(message, good(storage))
    assert [one.conversation_id for one in todo.unreadable] == [NAMED]
    assert len(todo.works) == 1
    assert storage.post().conversation.external_id == NAME
    assert storage.delete()
    storage.post()
    assert storage.analyse(storage.messages[-1]).saved.keys() == {NAMED}
    said = str([vars(record) for record in caplog.records])
    assert NAMED in said
    assert SECRET not in said


@pytest.mark.parametrize("damage", (INSIGHTS | DOCUMENTS).values(), ids=INSIGHTS | DOCUMENTS)
def test_a_damaged_insight_is_left_out_of_lists_and_recounts(
    parts: Parts, storage: Storage, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    storage.post()
    storage.analyse(*storage.messages)
    change(parts, parts.settings.insights_table, damage)
    storage.analyse(good(storage))
    query = Query(parts)
    status = query.get(f"{LIST}/{NAMED}").status
    assert status in {200, 500}
    said = str([(vars(record), record.getMessage()) for record in caplog.records])
    assert SECRET not in said
    assert (NAMED in said) == (status == 500)
    listed = query.get(LIST)
    assert listed.status == 200
    assert len(listed.body["items"]) in {1, 2}
    assert query.get(TRENDS, verify="true").status == 200


def test_a_damaged_counter_is_left_out_of_trends(parts: Parts, storage: Storage) -> None:
    storage.post()
    storage.analyse(*storage.messages)
    for item in recount.items(parts.dynamodb, parts.settings.trends_table):
        name = next(name for name in item if name not in {"bucket", "slot"})
        parts.dynamodb.put_item(
            TableName=parts.settings.trends_table, Item={**item, name: {"N": "1.5"}}
        )
    assert Query(parts).get(TRENDS).status == 200


def test_a_conversation_is_deleted_though_a_counter_of_its_insight_is_damaged(
    parts: Parts, storage: Storage
) -> None:
    storage.post()
    storage.analyse(*storage.messages)
    for item in recount.items(parts.dynamodb, parts.settings.trends_table):
        texts = {name: {"S": "?"} for name in item if name not in {"bucket", "slot"}}
        parts.dynamodb.put_item(TableName=parts.settings.trends_table, Item=item | texts)
    assert storage.delete()
    assert parts.insights.stored(NAMED) is None


def test_an_insight_that_is_damaged_while_its_conversation_is_analysed_stays_for_its_message(
    parts: Parts, storage: Storage
) -> None:
    storage.post()
    [work] = storage.read(*storage.messages).works
    storage.save(work)
    change(parts, parts.settings.insights_table, lambda item: item.pop("generation"))
    assert storage.save(work).unreadable == {NAMED}


def test_the_document_of_a_readable_insight_is_shown_as_it_was_stored(
    parts: Parts, storage: Storage
) -> None:
    storage.post()
    storage.analyse(*storage.messages)
    stored = parts.insights.stored(NAMED)
    assert stored is not None
    assert json.loads(stored.document)["id"] == NAMED


def test_poisoned_messages_and_damaged_items_cost_a_batch_nothing_but_themselves(
    parts: Parts, storage: Storage
) -> None:
    storage.post()
    damaged = storage.messages.pop()
    change(parts, parts.settings.conversations_table, lambda item: item.pop("text"))
    well = good(storage)
    poison = [body for _, body in sorted(POISON.items())]
    event = sqs_event([*poison, damaged.to_body(), well.to_body()])
    response = analysis_app.handler(event, LambdaContext(), wiring.analysis(parts))
    again = [one["itemIdentifier"] for one in response["batchItemFailures"]]
    assert again == [f"m{number}" for number in range(len(poison) + 1)]
    assert parts.insights.stored(well.conversation_id) is not None
