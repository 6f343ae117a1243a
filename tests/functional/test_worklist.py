"""The work that messages still ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grok_insights.aws.queue import Message
from grok_insights.domain.insight import Failure, Origin
from grok_insights.wiring import Parts
from tests.builders import failed_insight
from tests.functional.conftest import Clock
from tests.functional.storage import NAMED, Storage


@pytest.fixture
def storage(parts: Parts) -> Storage:
    return Storage(parts)


def failed(storage: Storage, *, attempts: int, redrives: int = 0, gave_up: bool = True) -> Message:
    """Give the conversation a failed insight, and return its first message."""
    storage.post()
    [work] = storage.read(*storage.messages).works
    origin = Origin("grok", False, 0.2, attempts, "1", redrives)
    outcome = Failure("timeout", "too slow", gave_up=gave_up)
    insight = failed_insight(conversation_id=NAMED, origin=origin, outcome=outcome)
    storage.ledger.save([work.entry(insight)])
    return work.message


@pytest.mark.parametrize(
    ("changes", "is_its_own"),
    [
        ({"attempt": 5}, True),
        ({"attempt": 6}, True),
        ({"attempt": 4}, False),
        ({"attempt": 1}, False),
        ({"attempt": 5, "redrives": 0}, True),
    ],
)
def test_only_the_message_whose_attempts_were_used_up_sends_the_dead_letter_again(
    storage: Storage, changes: dict[str, Any], is_its_own: bool
) -> None:
    message = replace(failed(storage, attempts=5), **changes)
    todo = storage.read(message)
    assert todo.given_up == ([(message, "timeout")] if is_its_own else [])
    assert not todo.works


def test_a_message_of_fewer_redrives_is_dropped_and_one_of_more_replaces(storage: Storage) -> None:
    message = failed(storage, attempts=1, redrives=2)
    for redrives, works in ((1, 0), (2, 0), (3, 1)):
        todo = storage.read(replace(message, attempt=1, redrives=redrives))
        assert len(todo.works) == works
        assert bool(todo.given_up) == (redrives == 2)


def test_a_failure_without_a_dead_letter_needs_none(storage: Storage) -> None:
    message = failed(storage, attempts=1, gave_up=False)
    assert not storage.read(message).given_up


def test_of_several_messages_the_one_that_got_furthest_counts(storage: Storage) -> None:
    storage.post()
    [first] = storage.messages
    later = replace(first, attempt=3)
    [work] = storage.read(later, first, replace(first, attempt=2)).works
    assert work.message is later


def test_a_message_of_an_expired_conversation_is_dropped(storage: Storage, clock: Clock) -> None:
    storage.post()
    clock.move(days=90)
    todo = storage.read(*storage.messages)
    assert (todo.works, todo.given_up, todo.unreadable) == ([], [], [])
