"""Several conversations with one id: erased, expired, sent again, analysed late, in any order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from grok_insights.aws.queue import Message
from grok_insights.aws.worklist import Work
from grok_insights.domain.selection import Selection
from grok_insights.wiring import Parts
from tests import recount
from tests.builders import failed_insight
from tests.functional.conftest import Clock, make_parts
from tests.functional.storage import NAMED, Storage, summary

DAY = 86_400


@pytest.fixture
def storage(parts: Parts) -> Storage:
    return Storage(parts)


def shown(parts: Parts) -> str | None:
    """Return the summary of the insight that a client sees."""
    stored = parts.insights.stored(NAMED)
    return None if stored is None else str(json.loads(stored.document)["summary"])


def listed(parts: Parts) -> list[str]:
    """Return the ids on the first page of the list."""
    placed = parts.timeline.page(Selection(), before=None, limit=9).placed
    return [str(json.loads(one.document)["id"]) for one in placed]


def is_exact(parts: Parts) -> bool:
    return counted(parts) == recounted(parts)


def counted(parts: Parts) -> recount.Counts:
    return recount.counted(parts.dynamodb, parts.settings.trends_table)


def recounted(parts: Parts) -> recount.Counts:
    return recount.recount(parts.dynamodb, parts.settings.insights_table)


def delete_text(parts: Parts) -> None:
    """Delete the text, as DynamoDB does some time after the conversation has expired."""
    parts.dynamodb.delete_item(
        TableName=parts.settings.conversations_table, Key={"id": {"S": NAMED}}
    )


def test_a_request_that_began_before_a_deleted_one_gets_its_insight(storage: Storage) -> None:
    storage.post()
    assert storage.delete()
    accepted = storage.post(late_seconds=5)
    assert accepted.status == "enqueued"
    storage.analyse(*storage.messages)
    assert shown(storage.parts) == f"generation {accepted.conversation.lifetime.generation}"


def test_an_analysis_of_each_erased_generation_is_refused(storage: Storage) -> None:
    works = []
    for _ in range(3):
        storage.post()
        works += storage.read(storage.messages.pop()).works
        assert storage.delete()
    assert len({work.conversation.lifetime.generation for work in works}) == 3
    for work in works:
        assert storage.save(work).superseded == {NAMED}
    assert shown(storage.parts) is None
    assert is_exact(storage.parts)


def test_an_analysis_of_the_erased_one_does_not_end_the_one_that_came_again(
    storage: Storage,
) -> None:
    storage.post()
    [old] = storage.read(storage.messages.pop()).works
    storage.delete()
    storage.post()
    assert storage.save(old).superseded == {NAMED}
    [new] = storage.read(*storage.messages).works
    assert storage.save(new).saved.keys() == {NAMED}
    assert shown(storage.parts) == summary(new)


def test_deleting_twice_at_once_erases_once_and_keeps_the_counters_exact(storage: Storage) -> None:
    storage.post()
    storage.analyse(*storage.messages)
    storage.before_write(storage.delete)
    assert not storage.delete()
    assert is_exact(storage.parts)


def test_a_conversation_that_comes_again_during_its_deletion_is_deleted_with_its_analysis(
    storage: Storage,
) -> None:
    storage.post()
    in_flight: list[Work] = []

    def come_again() -> None:
        storage.delete()
        storage.post()
        in_flight.extend(storage.read(storage.messages[-1]).works)

    storage.before_write(come_again)
    assert storage.delete()
    assert storage.parts.conversations.get(NAMED) is None
    assert storage.save(*in_flight).superseded == {NAMED}
    assert shown(storage.parts) is None


def test_an_insight_that_is_replaced_during_its_deletion_is_counted_out_as_it_is_now(
    storage: Storage,
) -> None:
    accepted = storage.post()
    [work] = storage.read(*storage.messages).works
    storage.ledger.save([work.entry(failed_insight(conversation_id=NAMED))])
    generation = accepted.conversation.lifetime.generation
    redriven = Message(NAMED, 1, storage.parts.now(), redrives=1, generation=generation)
    storage.before_write(lambda: storage.analyse(redriven))
    assert storage.delete()
    assert not counted(storage.parts)


def test_a_message_of_an_erased_generation_is_dropped(storage: Storage) -> None:
    storage.post()
    old = storage.messages.pop()
    storage.delete()
    storage.post()
    assert storage.read(old).works == []
    assert len(storage.read(old, *storage.messages).works) == 1


def test_a_message_without_a_generation_is_for_the_current_conversation(
    storage: Storage,
) -> None:
    storage.post()
    by_hand = Message(NAMED, 1, storage.parts.now())
    assert len(storage.read(by_hand).works) == 1


def test_an_expired_conversation_is_replaced_and_so_is_its_insight_with_its_counters(
    storage: Storage, clock: Clock
) -> None:
    storage.post()
    storage.analyse(storage.messages.pop())
    clock.move(days=90)
    assert [storage.post().status for _ in range(2)] == ["enqueued", "enqueued"]
    assert shown(storage.parts) is None
    [work] = storage.read(*storage.messages).works
    assert storage.save(work).saved.keys() == {NAMED}
    assert shown(storage.parts) == summary(work)
    assert is_exact(storage.parts)


def test_an_insight_whose_text_is_gone_is_replaced_by_the_next_one(
    storage: Storage, clock: Clock
) -> None:
    storage.post()
    storage.analyse(storage.messages.pop())
    clock.move(days=90)
    delete_text(storage.parts)
    storage.post()
    storage.analyse(*storage.messages)
    assert shown(storage.parts) is not None
    assert is_exact(storage.parts)


def test_an_insight_whose_text_is_gone_is_deleted_with_its_counters(storage: Storage) -> None:
    storage.post()
    storage.analyse(storage.messages.pop())
    delete_text(storage.parts)
    assert storage.delete()
    assert shown(storage.parts) is None
    assert not counted(storage.parts)
    assert not storage.delete()


def test_an_insight_that_is_saved_late_by_an_expired_conversation_is_replaced(
    storage: Storage, clock: Clock
) -> None:
    storage.post()
    [old] = storage.read(storage.messages.pop()).works
    clock.move(days=90)
    storage.post()
    [new] = storage.read(*storage.messages).works
    storage.save(old)
    assert shown(storage.parts) is None
    assert storage.save(new).saved.keys() == {NAMED}
    assert shown(storage.parts) == summary(new)
    assert is_exact(storage.parts)


def test_an_expired_insight_that_dynamodb_deletes_before_it_is_replaced_stays_counted(
    storage: Storage, clock: Clock
) -> None:
    storage.post()
    storage.analyse(storage.messages.pop())
    clock.move(days=90)
    storage.post()
    [work] = storage.read(*storage.messages).works
    table = storage.parts.settings.insights_table
    [expired] = recount.items(storage.parts.dynamodb, table)
    storage.parts.dynamodb.delete_item(TableName=table, Key={"conversation_id": {"S": NAMED}})
    assert storage.save(work).saved.keys() == {NAMED}
    assert counted(storage.parts) == recounted(storage.parts) + recount.of([expired])


def test_text_and_insight_expire_together_however_long_the_text_has_waited(
    storage: Storage, clock: Clock
) -> None:
    storage.post()
    clock.move(days=20)
    storage.analyse(*storage.messages)
    tables = storage.parts.settings
    items = [
        *recount.items(storage.parts.dynamodb, tables.conversations_table),
        *recount.items(storage.parts.dynamodb, tables.insights_table),
    ]
    assert len({item["ttl"]["N"] for item in items}) == 1
    assert len(listed(storage.parts)) == 1
    clock.move(days=70)
    assert storage.parts.conversations.get(NAMED) is None
    assert not storage.parts.conversations.exists(NAMED)
    assert shown(storage.parts) is None
    assert not listed(storage.parts)


@dataclass
class World:
    """One conversation's name under random events. No function outlives a mark."""

    storage: Storage
    clock: Clock
    in_flight: list[tuple[Message, Work]] = field(default_factory=list)
    gone: recount.Counts = field(default_factory=Counter)
    """The insights that DynamoDB deleted, which the counters still contain."""

    def post(self, late: int) -> None:
        self.storage.post(late_seconds=late)

    def delete(self, late: int) -> None:
        self.storage.delete(late_seconds=late)

    def deliver(self, number: int) -> None:
        """Start an analysis. Every third delivery is a duplicate."""
        messages = self.storage.messages
        if messages:
            message = messages[number % len(messages)]
            if number % 3:
                messages.remove(message)
            works = self.storage.read(message).works
            self.in_flight += [(message, work) for work in works]

    def save(self, number: int) -> None:
        if self.in_flight:
            _, work = self.in_flight.pop(number % len(self.in_flight))
            assert not self.storage.save(work).unsaved

    def wait(self, days: int) -> None:
        """Let time pass: functions end, and their messages are delivered again."""
        self.storage.messages += [message for message, _ in self.in_flight]
        self.in_flight.clear()
        self.clock.move(days=days)

    def sweep(self, number: int) -> None:
        """Delete some expired texts, insights, or both, as DynamoDB does."""
        tables = self.storage.parts.settings
        if number & 1:
            self._sweep(tables.conversations_table, "id")
        if number & 2:
            self.gone += recount.of(self._sweep(tables.insights_table, "conversation_id"))

    def _sweep(self, table: str, key: str) -> list[dict[str, Any]]:
        dynamodb, now = self.storage.parts.dynamodb, self.clock().timestamp()
        expired = [one for one in recount.items(dynamodb, table) if int(one["ttl"]["N"]) < now]
        for item in expired:
            dynamodb.delete_item(TableName=table, Key={key: item[key]})
        return expired

    def end(self) -> None:
        """End everything that is running."""
        while self.in_flight:
            self.save(0)
        while self.storage.messages:
            self.storage.analyse(self.storage.messages.pop())


LATE = st.integers(-30, 30)
NUMBER = st.integers(0, 8)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("post"), LATE),
        st.tuples(st.just("delete"), LATE),
        st.tuples(st.just("deliver"), NUMBER),
        st.tuples(st.just("save"), NUMBER),
        st.tuples(st.just("wait"), st.sampled_from([1, 2, 91])),
        st.tuples(st.just("sweep"), st.integers(1, 3)),
    ),
    max_size=14,
)


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Storage, Clock]]:
    clock = Clock()
    with mock_aws():
        yield Storage(make_parts(clock)), clock


@settings(max_examples=60, deadline=None)
@given(events=EVENTS)
def test_whatever_happens_in_whatever_order_each_accepted_text_has_its_own_insight_counted_once(
    shared: tuple[Storage, Clock], events: list[tuple[str, Any]]
) -> None:
    storage, clock = shared
    _empty(storage.parts)
    storage.messages.clear()
    world = World(storage, clock)
    for name, argument in events:
        getattr(world, name)(argument)
    world.end()
    conversation = storage.parts.conversations.get(NAMED)
    generation = None if conversation is None else conversation.lifetime.generation
    assert shown(storage.parts) == (generation and f"generation {generation}")
    assert counted(storage.parts) == recounted(storage.parts) + world.gone


def _empty(parts: Parts) -> None:
    tables = parts.settings
    keys = {
        tables.conversations_table: ["id"],
        tables.insights_table: ["conversation_id"],
        tables.trends_table: ["bucket", "slot"],
    }
    for table, names in keys.items():
        for item in recount.items(parts.dynamodb, table):
            parts.dynamodb.delete_item(TableName=table, Key={name: item[name] for name in names})
