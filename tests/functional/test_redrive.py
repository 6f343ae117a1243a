"""Dead letters are sent again, and failed insights are replaced and counted correctly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from moto import mock_aws

from grok_insights.wiring import Parts
from scripts.redrive import Places, Redriven, main, redrive, redrive_failed
from tests.functional.conftest import make_parts
from tests.functional.worker import SETTINGS, RunningClock, Worker, message
from tests.recount import counted, recount
from tests.standin import running


@pytest.fixture
def worker() -> Iterator[Worker]:
    with running() as standin, mock_aws():
        settings = {**SETTINGS, "GROK_API_BASE_URL": standin.address}
        made = Worker(make_parts(RunningClock(), **settings), standin)
        yield made
        made.close()


def _redrive(worker: Worker) -> Redriven:
    settings = worker.parts.settings
    return redrive(
        worker.parts.sqs,
        settings.dead_letter_queue_url,
        settings.analysis_queue_url,
        datetime.now(UTC),
    )


def assert_counters_equal_a_recount(parts: Parts) -> None:
    found = counted(parts.dynamodb, parts.settings.trends_table)
    assert found == recount(parts.dynamodb, parts.settings.insights_table)


def _places(worker: Worker) -> Places:
    settings = worker.parts.settings
    return Places(
        settings.dead_letter_queue_url, settings.analysis_queue_url, settings.insights_table
    )


def _redrive_failed(worker: Worker, code: str = "") -> Redriven:
    using = worker.parts.dynamodb, worker.parts.sqs
    return redrive_failed(using, _places(worker), datetime.now(UTC), code=code)


def test_redriven_conversations_get_their_insight_and_counters_equal_a_recount(
    worker: Worker,
) -> None:
    ids = worker.conversations(4)
    worker.standin.books.next_replies.extend(["server_error"] * 3)
    worker.run(*[message(one, attempt=5) for one in ids])
    assert len(worker.dead()) == 3
    assert _redrive(worker) == Redriven(sent=3, left=0)
    sent = [one for one, _ in worker.sent()]
    assert {(one.attempt, one.redrives) for one in sent} == {(1, 1)}
    worker.run(*sent)
    insights = [worker.insight(one) for one in ids]
    assert [one["status"] for one in insights if one] == ["completed"] * 4
    assert_counters_equal_a_recount(worker.parts)
    assert _redrive(worker) == Redriven(sent=0, left=0)


def test_what_fails_again_after_a_redrive_is_a_dead_letter_again(worker: Worker) -> None:
    one = worker.conversation("text")
    worker.standin.books.next_replies.extend(["server_error"] * 2)
    worker.run(message(one, attempt=5))
    _redrive(worker)
    worker.run(message(one, attempt=5, redrives=1))
    assert [dead.get("redrives", 0) for dead in worker.dead()] == [0, 1]
    assert_counters_equal_a_recount(worker.parts)


def test_a_dead_letter_that_cannot_be_read_stays_in_its_queue(worker: Worker) -> None:
    url = worker.parts.settings.dead_letter_queue_url
    worker.parts.sqs.send_message(QueueUrl=url, MessageBody="nonsense")
    assert _redrive(worker) == Redriven(sent=0, left=1)
    assert worker.sent() == []


def test_a_refused_conversation_has_no_dead_letter_and_is_redriven_by_its_failed_insight(
    worker: Worker,
) -> None:
    ids = worker.conversations(4)
    worker.standin.books.next_replies.extend(["bad_argument", "refusal"])
    worker.run(*ids)
    assert worker.dead() == []
    assert _redrive_failed(worker) == Redriven(sent=2, left=0)
    sent = [one for one, _ in worker.sent()]
    assert {(one.attempt, one.redrives) for one in sent} == {(1, 1)}
    worker.run(*sent)
    insights = [worker.insight(one) for one in ids]
    assert [one["status"] for one in insights if one] == ["completed"] * 4
    assert_counters_equal_a_recount(worker.parts)
    assert _redrive_failed(worker) == Redriven(sent=0, left=0)


def test_one_error_code_alone_is_redriven_if_it_is_asked_for(worker: Worker) -> None:
    ids = worker.conversations(4)
    worker.standin.books.next_replies.extend(["bad_argument", "refusal"])
    worker.run(*ids)
    assert _redrive_failed(worker, "bad_request") == Redriven(sent=1, left=0)
    [(sent, _)] = worker.sent()
    insight = worker.insight(sent.conversation_id)
    assert insight is not None
    assert insight["error"]["code"] == "bad_request"


def test_the_command_sends_each_failed_conversation_once_whether_it_has_a_dead_letter_or_not(
    worker: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = worker.conversations(4)
    worker.standin.books.next_replies.extend(["server_error", "refusal"])
    worker.run(*[message(one, attempt=5) for one in ids])
    environ = dict(
        zip(
            ("DEAD_LETTER_QUEUE_URL", "ANALYSIS_QUEUE_URL", "INSIGHTS_TABLE_NAME"),
            (
                worker.parts.settings.dead_letter_queue_url,
                worker.parts.settings.analysis_queue_url,
                worker.parts.settings.insights_table,
            ),
            strict=True,
        )
    )
    assert main(environ) == 0
    out = capsys.readouterr().out
    assert "1 dead letters and 1 failed conversations without one sent again, 0 left" in out


def test_the_command_says_which_stack_it_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"ANALYSIS_QUEUE_URL": "x", "DEAD_LETTER_QUEUE_URL": "y"}) == 1
    assert capsys.readouterr().out.startswith("INSIGHTS_TABLE_NAME not set")
