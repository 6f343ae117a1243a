"""Insights that cannot be saved: few answers are paid, and all insights are saved later."""

from __future__ import annotations

import json

import pytest

from grok_insights.analysis.calls import PROBE
from grok_insights.analysis.outcomes import MAX_UNSAVED
from grok_insights.aws.queue import Message
from tests.functional.analysis.conftest import NewWorker
from tests.functional.lost_responses import lost_responses
from tests.functional.worker import RunningClock, Worker, message
from tests.standin import digest

WRITES = "TransactWriteItems"
ATTEMPTS = 4
"""How often the client sends a request whose response is lost."""


def unsaved(capsys: pytest.CaptureFixture[str]) -> list[float]:
    """Return the metric ConversationsUnsaved of each batch since the last call."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    return [line["ConversationsUnsaved"][0] for line in lines]


def rounds(
    worker: Worker, clock: RunningClock, pending: list[Message], count: int
) -> list[Message]:
    """Deliver messages so many times, each time after the longest delay of the sent ones."""
    for _ in range(count):
        assert worker.run(*pending) == []
        sent = worker.sent()
        clock.move(seconds=max((delay for _, delay in sent), default=0))
        pending = [one for one, _ in sent]
    return pending


def test_while_insights_cannot_be_saved_one_wave_is_paid_and_everything_completes_afterwards(
    worker: Worker, clock: RunningClock, capsys: pytest.CaptureFixture[str]
) -> None:
    pending = [message(one) for one in worker.conversations(5)]
    with worker.refusing(WRITES, "insights"):
        assert worker.run(*pending) == []
        health = worker.health()
        pending = [one for one, _ in worker.sent()]
        clock.move(seconds=70)
        pending = rounds(worker, clock, pending, 19)
    assert len(worker.standin.books.calls) == 5
    assert (health["state"], health["reason"]) == ("paused", "storage_failed")
    assert all(number == 5 for number in unsaved(capsys))
    assert len(pending) == 5
    pending = rounds(worker, clock, pending, 3)
    assert pending == []
    assert [one["status"] for n in range(5) if (one := worker.insight(_id(n)))] == ["completed"] * 5
    assert worker.health()["state"] == "running"


def _id(number: int) -> str:
    return f"{number:08x}-3c1f-5f0e-8f57-2f9d3c0f4a11"


def test_a_function_that_can_write_nothing_at_all_stops_calling_too(
    new_worker: NewWorker, clock: RunningClock
) -> None:
    worker = new_worker()
    pending = [message(one) for one in worker.conversations(5)]
    with worker.refusing(WRITES), worker.refusing("UpdateItem"):
        worker.analysis.waves.admission_control.pause_for_storage()
        pending = rounds(worker, clock, pending, 10)
    assert worker.standin.books.calls == []
    pending = rounds(worker, clock, pending, 3)
    assert pending == []


def test_where_the_pause_cannot_be_written_this_environment_alone_pays_no_more_than_one_wave(
    worker: Worker, clock: RunningClock
) -> None:
    pending = [message(one) for one in worker.conversations(5)]
    with worker.refusing(WRITES, "insights"), worker.refusing("UpdateItem", '"storage"'):
        pending = rounds(worker, clock, pending, 10)
    assert len(worker.standin.books.calls) == 5
    assert rounds(worker, clock, pending, 3) == []
    assert len(worker.standin.books.calls) == 10


def test_a_trial_asks_about_one_conversation_before_all_go_on(
    worker: Worker, clock: RunningClock
) -> None:
    ids = worker.conversations(5)
    worker.analysis.waves.admission_control.pause_for_storage()
    clock.move(seconds=61)
    with worker.refusing(WRITES, "spam"):
        worker.run(*ids)
    first, *others = worker.standin.books.calls
    assert all(other.began_at >= first.ended_at for other in others)
    assert len(others) == 4


def test_answers_that_pass_the_check_and_are_never_saved_are_paid_a_few_times_and_then_given_up(
    worker: Worker, clock: RunningClock
) -> None:
    pending = [message(one) for one in worker.conversations(5)]
    with worker.refusing(WRITES, "negative") as _, worker.refusing(WRITES, "delivery"):
        pending = rounds(worker, clock, pending, 40)
    assert len(worker.standin.books.calls) <= 5 * MAX_UNSAVED
    assert pending == []
    failed = [one for number in range(5) if (one := worker.insight(_id(number)))]
    assert {one["error"]["code"] for one in failed} == {"unsaved"}
    assert {dead["error"]["code"] for dead in worker.dead()} == {"unsaved"}
    assert len(worker.dead()) == 5


def test_a_save_that_fails_once_is_tried_again_before_its_answers_are_dropped(
    worker: Worker,
) -> None:
    [one] = worker.conversations(1)
    worker.lose_a_response(WRITES)
    assert worker.run(one) == []
    assert worker.sent() == []
    assert worker.insight(one) is not None
    assert len(worker.standin.books.calls) == 1


def test_a_failed_insight_whose_response_was_lost_gets_its_dead_letter_by_the_next_delivery(
    worker: Worker,
) -> None:
    one = worker.conversation("text")
    worker.standin.books.next_replies.append("server_error")
    worker.lose_a_response(WRITES)
    assert worker.run(message(one, attempt=5)) == [one]
    assert worker.dead() == []
    assert worker.run(message(one, attempt=5)) == []
    assert [dead["conversation_id"] for dead in worker.dead()] == [one]
    assert len(worker.standin.books.calls) == 1


def test_the_failure_in_place_of_an_insight_that_cannot_be_stored_gets_its_dead_letter_too(
    worker: Worker,
) -> None:
    one = worker.conversation("text")
    with (
        worker.refusing(WRITES, "completed", "ValidationException"),
        lost_responses(worker.parts.dynamodb, WRITES, ATTEMPTS) as lost,
    ):
        assert worker.run(one) == [one]
    assert len(lost) == ATTEMPTS
    assert worker.dead() == []
    assert worker.run(one) == []
    assert [dead["error"]["code"] for dead in worker.dead()] == ["unstorable"]


def test_no_probe_is_paid_while_insights_cannot_be_saved(
    worker: Worker, clock: RunningClock
) -> None:
    ids = worker.conversations(2)
    worker.analysis.waves.admission_control.pause_for_storage()
    worker.run(*ids)
    assert [one for one, _ in worker.sent()] == [message(one) for one in ids]
    assert digest(PROBE.text) not in {call.conversation for call in worker.standin.books.calls}
    assert worker.standin.books.calls == []
