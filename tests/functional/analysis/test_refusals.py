"""Refusals of one conversation, and refusals of all of them, which mean a wrong setting."""

from __future__ import annotations

import time
from collections import deque

import pytest

from grok_insights.analysis.calls import PROBE
from grok_insights.analysis.refusals import REFUSED_ALIKE
from grok_insights.aws.queue import Message
from tests.functional.analysis.conftest import NewWorker
from tests.functional.conftest import at_the_start_of_a_second
from tests.functional.worker import RunningClock, Worker, message
from tests.standin import digest


def deliver(worker: Worker, pending: list[Message], count: int) -> list[Message]:
    """Deliver messages so many times, each time when the circuit may be probed again."""
    for _ in range(count):
        assert worker.run(*pending) == []
        pending = [one for one, _ in worker.sent()]
        time.sleep(1.05)
    return pending


@pytest.mark.parametrize("fault", ["bad_argument", "refusal"])
def test_when_grok_refuses_everything_nothing_ends_as_failed_and_calls_are_few(
    worker: Worker, fault: str
) -> None:
    ids = worker.conversations(30)
    worker.standin.books.plan.rates = {fault: 1.0}
    pending = deliver(worker, [message(one) for one in ids], 4)
    assert sorted(one.conversation_id for one in pending) == sorted(ids)
    assert {one.attempt for one in pending} == {1}
    assert not any(worker.insight(one) for one in ids)
    assert len(worker.standin.books.calls) <= REFUSED_ALIKE + 4
    assert worker.dead() == []
    worker.standin.books.plan.rates = {}
    pending = deliver(worker, pending, 2)
    assert pending == []
    assert [one["status"] for name in ids if (one := worker.insight(name))] == ["completed"] * 30


def test_refusals_of_everything_show_as_a_wrong_setting_and_halve_the_batch_size(
    new_worker: NewWorker,
) -> None:
    worker = new_worker(CIRCUIT_BREAKER_RECOVERY_SECONDS="60")
    worker.parts.counters.learn_batch_size(20)
    worker.standin.books.plan.rates = {"bad_argument": 1.0}
    worker.run(*worker.conversations(30))
    health = worker.health()
    assert (health["state"], health["reason"]) == ("paused", "configuration")
    assert "bad_request" in health["detail"]
    assert worker.state("batch_size")["size"] == {"N": "10"}
    totals = worker.parts.counters.totals()
    assert totals["errors_configuration"] == 20


@pytest.mark.parametrize("count", [1, 4])
def test_a_few_refusals_without_any_success_are_told_apart_by_a_probe(
    worker: Worker, count: int
) -> None:
    ids = worker.conversations(count)
    worker.standin.books.plan.rates = {"bad_argument": 1.0}
    assert worker.run(*ids) == []
    assert not any(worker.insight(one) for one in ids)
    assert {one.attempt for one, _ in worker.sent()} == {1}
    assert worker.state("circuit#grok")["state"] == {"S": "OPEN"}
    assert len(worker.standin.books.calls) == count + 1


def test_one_refusal_is_final_if_grok_answers_a_probe(worker: Worker) -> None:
    one = worker.conversation("text")
    worker.standin.books.next_replies.append("bad_argument")
    worker.run(one)
    insight = worker.insight(one)
    assert insight is not None
    assert insight["error"]["code"] == "bad_request"
    asked = [call.conversation for call in worker.standin.books.calls]
    assert asked == [digest("text"), digest(PROBE.text)]


def test_a_refusal_in_a_batch_with_an_answer_is_final_without_a_probe(worker: Worker) -> None:
    ids = worker.conversations(5)
    worker.standin.books.scripts[digest("text 0")] = deque(["bad_argument"])
    worker.run(*ids)
    assert [one["status"] for name in ids if (one := worker.insight(name))].count("failed") == 1
    assert len(worker.standin.books.calls) == 5


def test_a_refusal_is_an_attempt_while_it_is_unknown_whether_grok_works(worker: Worker) -> None:
    one = worker.conversation("text")
    worker.standin.books.next_replies.extend(["bad_argument", "server_error"])
    worker.run(one)
    assert worker.insight(one) is None
    assert [sent.attempt for sent, _ in worker.sent()] == [2]


def test_conversations_refused_in_a_row_for_themselves_end_though_they_stop_the_others_once(
    worker: Worker,
) -> None:
    ids = worker.conversations(20)
    for number in range(5):
        worker.standin.books.scripts[digest(f"text {number}")] = deque(["bad_argument"])
    at_the_start_of_a_second()
    worker.run(*ids)
    pending = [one for one, _ in worker.sent()]
    assert sum(one.known_error == "bad_request" for one in pending) == 5
    time.sleep(1.1)
    assert deliver(worker, pending, 1) == []
    statuses = [one["status"] for name in ids if (one := worker.insight(name))]
    assert (statuses.count("failed"), statuses.count("completed")) == (5, 15)


def test_a_conversation_that_an_edge_blocks_ends_after_its_attempts_and_others_go_on(
    worker: Worker, clock: RunningClock
) -> None:
    ids = worker.conversations(12)
    for number in (0, 7):
        worker.standin.books.scripts[digest(f"text {number}")] = deque(["edge_refuses"])
    pending = deliver(worker, [message(one) for one in ids], 4)
    good = [one for number, one in enumerate(ids) if number not in {0, 7}]
    assert all(worker.insight(one) for one in good)
    pending = deliver(worker, pending, 6)
    assert pending == []
    failed = [worker.insight(ids[0]), worker.insight(ids[7])]
    assert [one["error"]["code"] for one in failed if one] == ["forbidden"] * 2
    assert {dead["conversation_id"] for dead in worker.dead()} == {ids[0], ids[7]}
    made = [call.conversation for call in worker.standin.books.calls]
    assert made.count(digest("text 0")) == 6
    assert worker.state("circuit#grok")["state"] == {"S": "CLOSED"}
