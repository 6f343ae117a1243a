"""Dead letters go round again, and failed insights are replaced and counted right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from moto import mock_aws

from grok_insights.wiring import Parts
from scripts.redrive import Redriven, redrive
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


def test_a_letter_that_cannot_be_read_is_left_where_it_is(worker: Worker) -> None:
    url = worker.parts.settings.dead_letter_queue_url
    worker.parts.sqs.send_message(QueueUrl=url, MessageBody="nonsense")
    assert _redrive(worker) == Redriven(sent=0, left=1)
    assert worker.sent() == []
