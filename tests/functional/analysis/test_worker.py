"""The analysis function with the stand-in, when Grok fails in every possible way."""

from __future__ import annotations

import time
from collections import deque

import pytest

from grok_insights.analysis.batch import LAST_RECEIVE
from grok_insights.analysis.calls import PROBE
from grok_insights.domain.profile import BUILT_IN
from grok_insights.flow.budget import day_of
from tests.functional.analysis.conftest import NewWorker
from tests.functional.conftest import at_the_start_of_a_second
from tests.functional.worker import RunningClock, Worker, message
from tests.standin import digest
from tests.template import resources


def test_a_usable_answer_becomes_an_insight_with_the_cost_that_was_billed(worker: Worker) -> None:
    one = worker.conversation("My parcel is late")
    assert worker.run(one) == []
    insight = worker.insight(one)
    assert insight is not None
    assert (insight["status"], insight["sentiment"]) == ("completed", "negative")
    assert insight["topics"] == ["delivery", "refund"]
    assert insight["meta"]["cost_source"] == "reported"
    assert insight["meta"]["cost_in_usd_ticks"] == worker.standin.books.calls[0].billed_ticks
    grok = worker.analysis.outcomes.insights.analyzer
    assert insight["meta"]["prompt_version"] == grok.prompt_version(BUILT_IN)
    assert worker.sent() == []


@pytest.mark.parametrize(
    "fault",
    [
        "server_error",
        "html_error",
        "unavailable",
        "overloaded",
        "request_timeout",
        "error_in_200",
        "reset",
        "reset_in_body",
        "hang",
        "cut_off",
        "empty",
        "no_json",
        "missing_field",
        "broken_json",
        "too_large",
    ],
)
def test_a_transient_fault_sends_the_message_again_with_the_next_attempt(
    worker: Worker, fault: str
) -> None:
    one = worker.conversation("text")
    worker.standin.books.next_replies.append(fault)
    assert worker.run(one) == []
    assert worker.insight(one) is None
    [(sent, delay)] = worker.sent()
    assert sent == message(one, attempt=2)
    assert 0 <= delay <= 2


@pytest.mark.parametrize("fault", ["rate_limited", "rate_limited_until"])
def test_retry_after_is_honoured_as_seconds_and_as_a_date(worker: Worker, fault: str) -> None:
    one = worker.conversation("text")
    worker.standin.books.next_replies.append(fault)
    worker.run(one)
    [(sent, delay)] = worker.sent()
    assert sent.attempt == 2
    assert 1 <= delay <= 3


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("refusal", "refused"),
        ("content_filter", "moderated"),
        ("moderated", "moderated"),
        ("too_long", "too_long"),
        ("bad_argument", "bad_request"),
    ],
)
def test_a_permanent_fault_fails_the_conversation_at_once_and_is_no_dead_letter(
    worker: Worker, fault: str, code: str
) -> None:
    one = worker.conversation("text")
    worker.standin.books.next_replies.append(fault)
    assert worker.run(one) == []
    insight = worker.insight(one)
    assert insight is not None
    assert (insight["status"], insight["error"]["code"]) == ("failed", code)
    assert (worker.sent(), worker.dead()) == ([], [])


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("wrong_key", "wrong_key"),
        ("no_key", "no_key"),
        ("blocked", "forbidden"),
        ("unknown_model", "unknown_model"),
        ("redirect", "redirected"),
    ],
)
def test_a_wrong_setting_opens_the_circuit_at_once_and_costs_no_attempt(
    new_worker: NewWorker, fault: str, code: str
) -> None:
    worker = new_worker(CIRCUIT_BREAKER_RECOVERY_SECONDS="60")
    first, second = worker.conversations(2)
    worker.standin.books.next_replies.append(fault)
    worker.run(first)
    worker.run(second)
    assert [(sent, delay >= 1) for sent, delay in worker.sent()] == [
        (message(first, known_error=code), True),
        (message(second), True),
    ]
    assert len(worker.standin.books.calls) == 1
    assert worker.state("circuit#grok")["state"] == {"S": "OPEN"}
    assert "reason" in worker.state("circuit#grok")


def test_real_mode_without_a_key_calls_nobody_and_costs_no_attempt(new_worker: NewWorker) -> None:
    worker = new_worker(GROK_API_KEY="")
    one = worker.conversation("text")
    worker.run(one)
    assert [sent for sent, _ in worker.sent()] == [message(one, known_error="no_key")]
    assert worker.standin.books.calls == []
    assert "GROK_API_KEY" in worker.state("circuit#grok")["reason"]["S"]


@pytest.mark.parametrize("fault", ["no_credits", "no_credits_429"])
def test_used_up_credits_pause_all_calls_and_are_tried_again_by_one_call_after_some_minutes(
    worker: Worker, clock: RunningClock, fault: str
) -> None:
    ids = worker.conversations(3)
    worker.standin.books.next_replies.append(fault)
    worker.run(ids[0])
    worker.run(*ids)
    sent = worker.sent()
    assert {one.attempt for one, _ in sent} == {1}
    assert all(250 <= delay <= 400 for _, delay in sent)
    assert len(worker.standin.books.calls) == 1

    clock.move(seconds=301)
    worker.standin.books.next_replies.append(fault)
    worker.run(*ids)
    assert len(worker.standin.books.calls) == 2

    clock.move(seconds=301)
    worker.run(*ids)
    assert all(worker.insight(one) for one in ids)


def test_after_the_last_attempt_a_failed_insight_is_saved_and_a_dead_letter_says_why(
    worker: Worker,
) -> None:
    one = worker.conversation("text")
    worker.standin.books.next_replies.append("server_error")
    assert worker.run(message(one, attempt=5)) == []
    insight = worker.insight(one)
    assert insight is not None
    assert (insight["status"], insight["error"]["code"]) == ("failed", "server_error")
    assert insight["meta"]["attempts"] == 5
    assert worker.sent() == []
    [dead] = worker.dead()
    assert (dead["conversation_id"], dead["error"]["code"]) == (one, "server_error")


def test_a_message_that_comes_again_after_its_failed_insight_still_becomes_a_dead_letter(
    worker: Worker,
) -> None:
    one = worker.conversation("text")
    dead_url = worker.parts.settings.dead_letter_queue_url
    worker.standin.books.next_replies.append("server_error")
    worker.parts.sqs.delete_queue(QueueUrl=dead_url)
    assert worker.run(message(one, attempt=5)) == [one]
    worker.parts.sqs.create_queue(QueueName="dead")
    worker.dead().clear()
    assert worker.run(message(one, attempt=5)) == []
    assert [dead["conversation_id"] for dead in worker.dead()] == [one]
    assert len(worker.standin.books.calls) == 1


def test_the_last_receive_is_the_one_that_the_queue_allows() -> None:
    queue = resources("AWS::SQS::Queue")["AnalysisQueue"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == LAST_RECEIVE


def test_an_ordinary_duplicate_of_a_failed_conversation_calls_nobody_and_is_no_dead_letter(
    worker: Worker,
) -> None:
    one = worker.conversation("text")
    worker.standin.books.next_replies.append("refusal")
    worker.run(one)
    calls = len(worker.standin.books.calls)
    for attempt in (1, 2, 5):
        assert worker.run(message(one, attempt=attempt)) == []
    assert len(worker.standin.books.calls) == calls
    assert (worker.sent(), worker.dead()) == ([], [])


def test_a_redriven_message_replaces_the_failed_insight_once(
    worker: Worker,
) -> None:
    one = worker.conversation("text")
    worker.standin.books.next_replies.append("server_error")
    worker.run(message(one, attempt=5))
    worker.run(message(one, redrives=1))
    worker.run(message(one, redrives=1))
    insight = worker.insight(one)
    assert insight is not None
    assert insight["status"] == "completed"
    assert len(worker.standin.books.calls) == 2


def test_five_errors_in_a_row_open_the_circuit_and_no_call_is_made_while_it_is_open(
    new_worker: NewWorker,
) -> None:
    worker = new_worker(CIRCUIT_BREAKER_RECOVERY_SECONDS="60")
    ids = worker.conversations(20)
    at_the_start_of_a_second()
    worker.standin.books.begin_outage(30, "reset")
    worker.run(*ids)
    assert len(worker.standin.books.calls) == 5
    worker.run(*ids)
    assert len(worker.standin.books.calls) == 5
    sent = worker.sent()
    assert len(sent) == 40
    assert sorted(one.attempt for one, _ in sent) == [1] * 35 + [2] * 5
    assert all(50 <= delay <= 70 for _, delay in sent)


def test_one_call_about_no_conversation_probes_and_its_success_lets_the_others_follow(
    worker: Worker,
) -> None:
    ids = worker.conversations(20)
    at_the_start_of_a_second()
    worker.standin.books.begin_outage(30, "reset")
    worker.run(*ids)
    time.sleep(1.1)
    worker.run(*ids)
    assert len(worker.standin.books.calls) == 6
    worker.standin.books.end_outages()
    time.sleep(1.1)
    worker.run(*ids)
    assert all(worker.insight(one) for one in ids)
    assert worker.state("circuit#grok")["state"] == {"S": "CLOSED"}
    assert len(worker.standin.books.calls) == 27
    probes = [
        call for call in worker.standin.books.calls if call.conversation == digest(PROBE.text)
    ]
    assert [call.is_usable for call in probes] == [False, True]


def test_however_long_an_outage_lasts_it_costs_a_conversation_at_most_one_attempt(
    worker: Worker,
) -> None:
    ids = worker.conversations(8)
    at_the_start_of_a_second()
    worker.standin.books.begin_outage(60, "unavailable")
    pending = [message(one) for one in ids]
    for _ in range(6):
        worker.run(*pending)
        pending = [one for one, _ in worker.sent()]
        time.sleep(1.05)
    assert sorted(one.conversation_id for one in pending) == sorted(ids)
    assert {one.attempt for one in pending} == {1, 2}
    assert worker.dead() == []


def test_a_last_attempt_that_fails_together_with_an_outage_is_given_once_more(
    worker: Worker,
) -> None:
    ids = worker.conversations(5)
    at_the_start_of_a_second()
    worker.standin.books.begin_outage(30, "unavailable")
    worker.run(*[message(one, attempt=5) for one in ids])
    sent = [one for one, _ in worker.sent()]
    assert {(one.attempt, one.repeated_last_attempt) for one in sent} == {(5, 1)}
    assert worker.dead() == []
    worker.standin.books.end_outages()
    time.sleep(1.1)
    worker.run(*sent)
    assert all(worker.insight(one) for one in ids)


def test_conversations_that_fail_by_themselves_come_to_an_end_though_they_open_the_circuit(
    worker: Worker,
) -> None:
    pending = [message(one) for one in worker.conversations(5)]
    for number in range(5):
        worker.standin.books.scripts[digest(f"text {number}")] = deque(["server_error"])
    for _ in range(12):
        worker.run(*pending)
        pending = [one for one, _ in worker.sent()]
        time.sleep(1.05)
    assert pending == []
    assert len(worker.dead()) == 5


def test_a_probe_that_meets_a_permanent_fault_shows_that_grok_works(worker: Worker) -> None:
    ids = worker.conversations(6)
    at_the_start_of_a_second()
    worker.standin.books.begin_outage(30, "reset")
    worker.run(*ids)
    worker.standin.books.end_outages()
    time.sleep(1.1)
    worker.standin.books.next_replies.append("refusal")
    worker.run(*ids)
    statuses = [worker.insight(one) for one in ids]
    assert [one["status"] for one in statuses if one] == ["completed"] * 6


def test_a_spent_budget_pauses_until_midnight_and_is_exceeded_by_at_most_one_wave(
    new_worker: NewWorker,
) -> None:
    worker = new_worker(DAILY_BUDGET_USD="0.004")
    ids = worker.conversations(20)
    worker.run(*ids)
    calls = worker.standin.books.calls
    spent = sum(call.billed_ticks for call in calls)
    dearest = max(call.billed_ticks for call in calls)
    assert 40_000_000 <= spent <= 40_000_000 + 10 * dearest
    sent = worker.sent()
    assert len(sent) == 20 - len(calls)
    assert {one.attempt for one, _ in sent} <= {1}
    assert len(calls) < 20
    worker.run(*ids)
    assert worker.standin.books.calls == calls


def test_a_new_day_has_a_new_budget(new_worker: NewWorker, clock: RunningClock) -> None:
    worker = new_worker(DAILY_BUDGET_USD="0.0001")
    first, second = worker.conversations(2)
    worker.run(first)
    worker.run(second)
    assert worker.insight(second) is None
    clock.move(days=1)
    worker.run(second)
    assert worker.insight(second) is not None


def test_a_call_given_up_on_by_timeout_counts_as_spent_by_estimate(new_worker: NewWorker) -> None:
    worker = new_worker(DAILY_BUDGET_USD="1", GROK_COST_PER_1K="0.002")
    one = worker.conversation("x" * 4000)
    worker.standin.books.next_replies.append("hang")
    worker.run(one)
    spend = worker.state(f"spend#{day_of(worker.parts.now())}")
    assert spend["ticks"] == {"N": str(1_500 * 20_000)}


def test_without_time_for_a_call_the_messages_go_back_as_they_are(worker: Worker) -> None:
    ids = worker.conversations(3)
    assert worker.run(*ids, remaining_ms=2_500) == []
    assert [one for one, _ in worker.sent()] == [message(one) for one in ids]
    assert worker.standin.books.calls == []


def test_a_rate_limit_lets_no_function_start_a_call_for_a_second(worker: Worker) -> None:
    first, second = worker.conversations(2)
    worker.standin.books.next_replies.append("rate_limited")
    worker.run(first)
    worker.restart()
    worker.run(second)
    one, other = worker.standin.books.calls
    assert other.began_at - one.ended_at >= 0.95


def test_the_pace_is_kept_across_waves_and_functions(new_worker: NewWorker) -> None:
    worker = new_worker(GROK_MAX_REQUESTS_PER_SECOND="20")
    ids = worker.conversations(12)
    worker.run(*ids[:6])
    worker.restart()
    worker.run(*ids[6:])
    starts = [call.began_at for call in worker.standin.books.calls]
    assert max(starts) - min(starts) >= 11 / 20 - 0.05


@pytest.mark.parametrize(("waiting", "size"), [(10, "40"), (11, "20")])
def test_a_crowded_queue_halves_the_batch_size_so_that_lambda_scales_out(
    new_worker: NewWorker, waiting: int, size: str
) -> None:
    worker = new_worker(MAX_QUEUE_DEPTH="100", GROK_TIMEOUT_SECONDS="20")
    worker.parts.counters.learn_batch_size(40)
    ids = worker.conversations(12 + waiting)
    assert worker.parts.queue.send([message(one) for one in ids[12:]]) == set()
    assert worker.run(*ids[:12]) == []
    assert worker.state("batch_size")["size"] == {"N": size}


def test_errors_halve_the_batch_size_and_success_doubles_it_for_all_functions(
    worker: Worker,
) -> None:
    worker.run(*worker.conversations(15))
    assert worker.state("batch_size")["size"] == {"N": "20"}
    worker.standin.books.next_replies.append("server_error")
    worker.restart()
    worker.run(worker.conversation("another", 99))
    assert worker.state("batch_size")["size"] == {"N": "10"}


def test_an_operators_pause_holds_messages_back_and_calls_nobody(worker: Worker) -> None:
    worker.parts.dynamodb.put_item(
        TableName=worker.parts.settings.state_table,
        Item={
            "id": {"S": "pause"},
            "reason": {"S": "maintenance"},
            "since": {"S": "2026-11-23T10:00:00.000Z"},
        },
    )
    one = worker.conversation("text")
    assert worker.run(one) == []
    [(sent, delay)] = worker.sent()
    assert (sent, delay >= 30) == (message(one), True)
    assert worker.standin.books.calls == []


def test_when_the_tables_are_down_the_messages_go_back_and_use_no_receive(worker: Worker) -> None:
    one = worker.conversation("text")
    worker.parts.dynamodb.delete_table(TableName=worker.parts.settings.state_table)
    assert worker.run(one) == []
    [(sent, delay)] = worker.sent()
    assert (sent, delay >= 20) == (message(one), True)
    assert worker.standin.books.calls == []


def test_the_totals_count_every_call_by_its_outcome(worker: Worker) -> None:
    ids = worker.conversations(4)
    worker.standin.books.next_replies.extend(["server_error", "refusal", "no_json"])
    worker.run(*ids)
    totals = worker.parts.counters.totals()
    calls = worker.standin.books.calls
    assert totals["calls"] == 4
    assert (totals["errors_transient"], totals["errors_permanent"]) == (2, 1)
    assert (totals["analysed"], totals["failed"], totals["retried"]) == (1, 1, 2)
    assert totals["cost_ticks"] == sum(call.billed_ticks for call in calls)
