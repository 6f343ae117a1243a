"""Pauses: nothing is read, nothing is called, and messages wait until the pause ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from grok_insights.analysis.admission import Admission
from grok_insights.analysis.calls import PROBE, CallResult
from grok_insights.domain.insight import Analysis, Cost, Sentiment
from grok_insights.errors import PermanentError, TransientError
from grok_insights.flow.pace import StartTimes
from grok_insights.flow.pauses import PauseName
from grok_insights.grok.analyzer import Answer
from tests.functional.analysis.conftest import NewWorker
from tests.functional.conftest import at_the_start_of_a_second
from tests.functional.worker import RunningClock, Worker, message
from tests.standin import digest

ANSWER = Answer(
    Analysis("Late.", Sentiment.NEGATIVE, ("delivery",)), Cost(), "grok", False, 0.1, "1"
)


@contextmanager
def reads_of_texts(worker: Worker) -> Iterator[Counter[str]]:
    """Count the requests that name the Conversations table."""
    made: Counter[str] = Counter()

    def count(params: dict[str, Any], **_: Any) -> None:
        made["reads"] += b'"conversations"' in params["body"]

    events = worker.parts.dynamodb.meta.events
    events.register_last("before-call", count)
    yield made
    events.unregister("before-call", count)


def pause_by_operator(worker: Worker) -> None:
    item = {"id": {"S": "pause"}, "since": {"S": "2026-11-23T10:00:00.000Z"}}
    worker.parts.dynamodb.put_item(TableName=worker.parts.settings.state_table, Item=item)


def open_circuit(worker: Worker) -> None:
    item = {
        "id": {"S": "circuit#grok"},
        "state": {"S": "OPEN"},
        "opened_at": {"N": str(int(time.time()) + 100)},
    }
    worker.parts.dynamodb.put_item(TableName=worker.parts.settings.state_table, Item=item)


def use_up_credits(worker: Worker) -> None:
    worker.parts.pauses.pause(PauseName.CREDITS, time.time(), time.time() + 600)


def spend_the_budget(worker: Worker) -> None:
    day = worker.parts.now().date().isoformat()
    item = {"id": {"S": f"spend#{day}"}, "ticks": {"N": str(10**12)}}
    worker.parts.dynamodb.put_item(TableName=worker.parts.settings.state_table, Item=item)


@pytest.mark.parametrize(
    "stop", [pause_by_operator, open_circuit, use_up_credits, spend_the_budget]
)
def test_while_calls_are_stopped_no_text_is_read(
    new_worker: NewWorker, stop: Callable[[Worker], None]
) -> None:
    worker = new_worker(DAILY_BUDGET_USD="1")
    ids = worker.conversations(3)
    stop(worker)
    with reads_of_texts(worker) as made:
        assert worker.run(*ids) == []
    assert made["reads"] == 0
    assert [one for one, _ in worker.sent()] == [message(one) for one in ids]
    assert worker.standin.books.calls == []


def test_messages_wait_for_a_long_retry_after_without_polling(
    worker: Worker, clock: RunningClock
) -> None:
    ids = worker.conversations(25)
    worker.standin.books.next_replies.append("rate_limited_for_15_minutes")
    pending = [message(one) for one in ids]
    deliveries = 0
    while pending and deliveries < 500:
        deliveries += len(pending)
        assert worker.run(*pending) == []
        sent = worker.sent()
        clock.move(seconds=max((delay for _, delay in sent), default=0))
        pending = [one for one, _ in sent]
    assert all(worker.insight(one) for one in ids)
    assert deliveries <= 4 * 25


def test_the_message_of_a_rate_limited_call_waits_as_long_as_grok_said(worker: Worker) -> None:
    one = worker.conversation("text")
    worker.standin.books.next_replies.append("rate_limited_for_30_seconds")
    worker.run(one)
    [(sent, delay)] = worker.sent()
    assert sent.attempt == 2
    assert 30 <= delay <= 38


def test_a_last_attempt_during_an_outage_waits_until_the_circuit_may_be_probed(
    new_worker: NewWorker,
) -> None:
    worker = new_worker(CIRCUIT_BREAKER_RECOVERY_SECONDS="60")
    ids = worker.conversations(5)
    at_the_start_of_a_second()
    worker.standin.books.begin_outage(30, "unavailable")
    worker.run(*[message(one, attempt=5) for one in ids])
    assert all(delay >= 50 for _, delay in worker.sent())


def test_no_conversation_is_the_probe_though_its_turn_comes_after_the_recovery_time(
    new_worker: NewWorker,
) -> None:
    worker = new_worker(GROK_MAX_REQUESTS_PER_SECOND="2", CIRCUIT_BREAKER_FAILURE_THRESHOLD="1")
    ids = worker.conversations(5)
    worker.standin.books.plan.rates = {"server_error": 1.0}
    worker.run(*ids)
    made = [call.conversation for call in worker.standin.books.calls]
    assert made.count(digest(PROBE.text)) == 0
    assert len(made) == 1
    assert sorted(one.attempt for one, _ in worker.sent()) == [1, 1, 1, 1, 2]


def test_a_trial_that_the_budget_refuses_is_not_used_up(
    new_worker: NewWorker, clock: RunningClock
) -> None:
    worker = new_worker(DAILY_BUDGET_USD="1")
    one = worker.conversation("text")
    use_up_credits(worker)
    clock.move(seconds=601)
    before = worker.state("credits")
    with worker.refusing("UpdateItem", "spend#", code="ConditionalCheckFailedException"):
        worker.run(one)
    assert worker.state("credits") == before
    worker.run(one)
    assert worker.insight(one) is not None
    assert "until" not in worker.state("credits")


@pytest.mark.parametrize(
    ("outcome", "ends"),
    [
        (ANSWER, True),
        (PermanentError("refused", "x"), True),
        (TransientError("timeout", "x"), False),
        (None, False),
    ],
)
def test_only_an_answer_to_the_trial_itself_ends_a_pause_for_credits(
    worker: Worker, clock: RunningClock, outcome: Any, ends: bool
) -> None:
    use_up_credits(worker)
    feedback = worker.analysis.waves.feedback
    calls = [CallResult(outcome, 0.1)]
    feedback.learn(calls, Admission(1, StartTimes(0.0)))
    assert "until" in worker.state("credits"), "a call that began before the pause says nothing"
    [seen] = worker.parts.pauses.read(clock()).timed_pauses
    trial = worker.parts.pauses.claim_trial(seen, time.time() + 300)
    assert trial is not None
    feedback.learn(calls, Admission(1, StartTimes(0.0), trials=(trial,)))
    assert ("until" not in worker.state("credits")) is ends


def test_a_wave_that_cannot_start_after_its_reservation_gives_it_back(
    new_worker: NewWorker,
) -> None:
    worker = new_worker(DAILY_BUDGET_USD="1")
    [one] = worker.conversations(1)
    worker.parts.pauses.pause(PauseName.CREDITS, time.time() - 60, time.time() - 30)
    day = worker.parts.now().date().isoformat()
    with worker.refusing("UpdateItem", '"credits"'):
        assert worker.run(one) == []
    assert worker.state(f"spend#{day}")["ticks"] == {"N": "0"}
    assert worker.standin.books.calls == []
