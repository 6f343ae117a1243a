"""A function that ends in the middle of its work: the cause is found, at a bounded cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grok_insights.analysis.batch import LAST_RECEIVE, SUSPECT_RECEIVE
from grok_insights.analysis.waves import MAX_OWN_CRASHES
from grok_insights.aws.queue import Message
from tests.functional.analysis.conftest import NewWorker
from tests.functional.analysis.test_exceptions import Died, raising
from tests.functional.lost_responses import lost_responses
from tests.functional.worker import Worker, message


def ends_the_function(text: str) -> BaseException | None:
    return Died() if text == "text 2" else None


def deliver(worker: Worker, pending: list[Message]) -> list[Message]:
    """Deliver a batch; if the function ends early, SQS counts one more receive of each message."""
    try:
        again = worker.run(*pending)
    except Died:
        worker.restart()
        lost = {sent.conversation_id for sent, _ in worker.sent()}
        return [
            replace(one, receives=one.receives + 1)
            for one in pending
            if one.conversation_id not in lost
        ]
    assert again == []
    return [one for one, _ in worker.sent()]


def test_a_conversation_that_ends_the_function_is_found_and_its_neighbours_complete(
    new_worker: NewWorker,
) -> None:
    worker = new_worker(raising(ends_the_function))
    ids = worker.conversations(6)
    pending = [message(one) for one in ids]
    deaths = 0
    for _ in range(12):
        before = len(pending)
        pending = deliver(worker, pending)
        deaths += bool(pending) and len(pending) == before
    assert pending == []
    statuses = [one["status"] for name in ids if (one := worker.insight(name))]
    assert statuses == ["completed", "completed", "failed", "completed", "completed", "completed"]
    assert [dead["error"]["code"] for dead in worker.dead()] == ["crashed"]
    assert deaths <= SUSPECT_RECEIVE - 1 + MAX_OWN_CRASHES


def test_receives_that_a_bad_deployment_used_up_end_no_conversation(worker: Worker) -> None:
    ids = worker.conversations(3)
    assert worker.run(*[message(one, receives=LAST_RECEIVE) for one in ids]) == []
    renewed = [one for one, _ in worker.sent()]
    assert renewed == [message(one, suspected=1) for one in ids]
    assert worker.standin.books.calls == []
    assert worker.run(*renewed) == []
    assert [one["status"] for name in ids if (one := worker.insight(name))] == ["completed"] * 3
    assert worker.dead() == []


def test_suspects_are_analysed_alone_after_all_others_are_saved(worker: Worker) -> None:
    ids = worker.conversations(6)
    suspects = [message(one, receives=SUSPECT_RECEIVE) for one in ids[:2]]
    worker.run(*suspects, *ids[2:])
    calls = worker.standin.books.calls
    assert len(calls) == 6
    last = max(call.ended_at for call in calls[:4])
    assert last <= calls[4].began_at
    assert calls[4].ended_at <= calls[5].began_at


def test_a_suspicion_is_kept_while_calls_are_paused_and_ends_with_a_call_that_ends(
    worker: Worker,
) -> None:
    one = worker.conversation("text")
    worker.analysis.waves.admission_control.pause_for_storage()
    worker.run(message(one, receives=SUSPECT_RECEIVE))
    assert [sent.suspected for sent, _ in worker.sent()] == [1]
    worker.parts.dynamodb.delete_item(
        TableName=worker.parts.settings.state_table, Key={"id": {"S": "storage"}}
    )
    worker.standin.books.next_replies.append("server_error")
    worker.run(message(one, suspected=1))
    assert [(sent.attempt, sent.suspected) for sent, _ in worker.sent()] == [(2, 0)]
    assert "calls" not in worker.state(f"crash#{one}")


def test_a_mark_that_cannot_be_written_lets_no_suspect_through_and_loses_none(
    worker: Worker,
) -> None:
    one = worker.conversation("text")
    with worker.refusing("UpdateItem", "crash#"):
        assert worker.run(message(one, suspected=1)) == [one]
    assert worker.standin.books.calls == []


def test_a_call_whose_mark_gets_no_response_counts_once(worker: Worker) -> None:
    marks = worker.analysis.waves.crash_marks
    with lost_responses(worker.parts.dynamodb, "UpdateItem", 2):
        assert marks.begin("one") == 1
    assert marks.begin("one") == 2


def test_a_mark_that_cannot_be_written_leaves_nothing_reserved(new_worker: NewWorker) -> None:
    worker = new_worker(DAILY_BUDGET_USD="1")
    one = worker.conversation("text")
    with worker.refusing("UpdateItem", "crash#"):
        assert worker.run(message(one, suspected=1)) == [one]
    day = worker.parts.now().date().isoformat()
    assert worker.state(f"spend#{day}")["ticks"] == {"N": "0"}


@pytest.mark.parametrize("receives", [1, SUSPECT_RECEIVE - 1])
def test_an_ordinary_delivery_raises_no_suspicion(worker: Worker, receives: int) -> None:
    one = worker.conversation("text")
    worker.run(message(one, receives=receives))
    assert worker.insight(one) is not None
    assert worker.state(f"crash#{one}") == {}


def slow_crash_marks(worker: Worker, seconds: float) -> list[int]:
    """Let the write of a crash mark take so long, and another function then take a start time.

    Return the list to which the next free start time is then added, in epoch microseconds.
    """
    control = worker.analysis.waves.admission_control
    taken: list[int] = []

    def slow(params: dict[str, Any], **_: Any) -> None:
        if params["Key"]["id"]["S"].startswith("crash#") and not taken:
            worker.parts.sleep(seconds)
            pace, now = control.limits.pace, worker.parts.now().timestamp()
            assert pace is not None
            assert control.timetable.claim(1, pace, now, 0.0) is not None
            taken.append(int(worker.state("pace")["next_us"]["N"]))

    worker.parts.dynamodb.meta.events.register("provide-client-params.dynamodb.UpdateItem", slow)
    return taken


def test_a_slow_crash_mark_lets_no_call_start_out_of_its_turn(new_worker: NewWorker) -> None:
    worker = new_worker(GROK_MAX_REQUESTS_PER_SECOND="10")
    taken = slow_crash_marks(worker, 2.0)
    worker.run(message(worker.conversation("text"), receives=SUSPECT_RECEIVE))
    assert len(worker.standin.books.calls) == 1
    assert int(worker.state("pace")["next_us"]["N"]) == taken[0] + 100_000


def test_a_crash_mark_that_takes_too_long_for_a_call_sends_the_message_again_once(
    new_worker: NewWorker,
) -> None:
    worker = new_worker(GROK_MAX_REQUESTS_PER_SECOND="10")
    slow_crash_marks(worker, 60.0)
    suspect = message(worker.conversation("text"), receives=SUSPECT_RECEIVE)
    assert worker.run(suspect) == []
    assert worker.standin.books.calls == []
    assert [one.suspected for one, _ in worker.sent()] == [1]
