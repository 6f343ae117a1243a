"""Re-analysis of stored insights: estimate, replacement, priority, budget, cancellation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from moto import mock_aws

from grok_insights import wiring
from grok_insights.aws.queue import Message
from grok_insights.domain.conversation import named_id
from grok_insights.domain.insight import Analysis, Sentiment
from grok_insights.domain.job import StepName
from grok_insights.domain.profile import NewProfile
from grok_insights.errors import PermanentError, TransientError
from grok_insights.grok.prompt import Prompt
from tests.builders import NOW
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import identity
from tests.functional.reworks import Reworks, Saying, says
from tests.functional.storage import Storage
from tests.functional.test_erasure import store

NEGATIVE = says(Sentiment.NEGATIVE, "refund")
POSITIVE = says(Sentiment.POSITIVE, "praise", "refund")
REAL = {"GROK_MODE": "real", "GROK_API_KEY": "xai-test", "GROK_TIMEOUT_SECONDS": "1"}


@pytest.fixture
def reworks(clock: Clock) -> Iterator[Reworks]:
    with mock_aws():
        yield Reworks(make_parts(clock), Saying(NEGATIVE))


def refuses_the_third(prompt: Prompt) -> Analysis:
    if prompt.conversation_id == identity(2):
        raise PermanentError("too_long", "the prompt is too long")
    return POSITIVE(prompt)


def started(reworks: Reworks, clock: Clock, **options: Any) -> str:
    """Analyse five conversations, and start a job later."""
    reworks.conversations(5)
    clock.move(seconds=60)
    reworks.analyzer.outcome = POSITIVE
    reworks.analyzer.prompts.clear()
    return reworks.start(**options)


def test_a_dry_run_estimates_by_the_last_tokens_and_sends_nothing(
    reworks: Reworks, clock: Clock
) -> None:
    job = reworks.run(started(reworks, clock, dry_run=True))
    assert job["status"] == "completed"
    assert job["estimate"] == {
        "lines": 5,
        "unreadable": 0,
        "tokens": 500,
        "cost_usd": "0.00",
        "seconds": 1,
        "days_of_budget": None,
    }
    assert (reworks.sent, reworks.analyzer.prompts, reworks.versions()) == ([], [], 0)


def test_each_insight_is_replaced_once_and_the_changes_are_summed_up(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock)
    job = reworks.ended(job_id)
    assert job["status"] == "completed"
    assert job["outcomes"] == {
        "done": 5,
        "changed": 5,
        "failed": 0,
        "skipped": 0,
        "changes": {"sentiment": 5, "topics": 5},
        "sentiment_flips": {"negative.positive": 5},
        "errors": {},
    }
    assert sorted(reworks.analyzer.prompts) == [identity(number) for number in range(5)]
    assert {reworks.insight(identity(n))["sentiment"] for n in range(5)} == {"positive"}
    assert reworks.versions() == 5
    assert reworks.counters_equal_a_recount()


def test_a_filter_selects_what_is_analysed_again(reworks: Reworks, clock: Clock) -> None:
    reworks.conversations(3)
    reworks.analyzer.outcome = POSITIVE
    reworks.conversations(3, first=10)
    clock.move(seconds=60)
    for options, count in (
        ({"sentiment": "negative"}, 3),
        ({"topic": "praise"}, 3),
        ({"topic": "refund"}, 6),
        ({"status": "failed"}, 0),
        ({"from": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00Z"}, 2),
        ({"fields": {"resolved": "true"}}, 0),
        ({"conversation_id": identity(1)}, 1),
        ({"conversation_id": identity(1), "sentiment": "positive"}, 0),
        ({"conversation_id": identity(1), "from": "2026-11-24T00:00:00Z"}, 0),
        ({"conversation_id": identity(99)}, 0),
        ({"external_id": "never sent"}, 0),
    ):
        job = reworks.run(reworks.start(dry_run=True, filter=options))
        assert (job["estimate"] or {"lines": 0})["lines"] == count, options
        assert job["filter"] == options


@pytest.mark.parametrize("name", ["conversation_id", "external_id"])
def test_one_conversation_is_analysed_again(reworks: Reworks, clock: Clock, name: str) -> None:
    reworks.conversations(3)
    ids = {"conversation_id": identity(1), "external_id": named_id("ticket 7")}
    store(reworks.parts, id=ids["external_id"], external_id="ticket 7")
    reworks.deliver([Message(ids["external_id"], 1, clock())])
    clock.move(seconds=60)
    reworks.analyzer.outcome = POSITIVE
    reworks.analyzer.prompts.clear()
    value = {"conversation_id": identity(1), "external_id": "ticket 7"}[name]
    job = reworks.ended(reworks.start(filter={name: value}))
    assert (job["status"], job["outcomes"]["done"]) == ("completed", 1)
    assert reworks.analyzer.prompts == [ids[name]]
    assert reworks.insight(ids[name])["sentiment"] == "positive"
    assert reworks.counters_equal_a_recount()


def test_a_message_that_is_delivered_twice_replaces_once(reworks: Reworks, clock: Clock) -> None:
    job_id = started(reworks, clock)
    reworks.run(job_id, analyse=False)
    messages = reworks.received()
    reworks.deliver(messages)
    reworks.deliver(messages)
    assert len(reworks.analyzer.prompts) == 5
    outcomes = reworks.job(job_id)["outcomes"]
    assert (outcomes["done"], outcomes["skipped"]) == (5, 0)
    assert reworks.counters_equal_a_recount()


def ended(reworks: Reworks, job_id: str) -> tuple[int, int, int]:
    """Return how many conversations a job has replaced, failed and skipped."""
    outcomes = reworks.job(job_id)["outcomes"]
    return outcomes["done"], outcomes["failed"], outcomes["skipped"]


def erased(reworks: Reworks) -> None:
    for number in range(5):
        wiring.ingest(reworks.parts).erase(identity(number))


def erased_and_sent_again(reworks: Reworks) -> None:
    erased(reworks)
    reworks.conversations(5)


def mapped_anew(reworks: Reworks) -> None:
    labels = [{"name": "refund", "aliases": ["praise"]}]
    profile = NewProfile.model_validate({"topics": {"mode": "open", "labels": labels}})
    wiring.ingest(reworks.parts).profile.put(profile, lambda _: None, activate=True)
    assert reworks.run(reworks.start(kind="remap"))["outcomes"]["done"] == 5


def expired(reworks: Reworks) -> None:
    client, settings = reworks.parts.dynamodb, reworks.parts.settings
    keys = {settings.conversations_table: "id", settings.insights_table: "conversation_id"}
    for table, key in keys.items():
        for item in client.scan(TableName=table)["Items"]:
            client.delete_item(TableName=table, Key={key: item[key]})


@pytest.mark.parametrize("change", [erased, erased_and_sent_again, mapped_anew, expired])
def test_a_message_that_comes_again_after_its_insight_has_changed_counts_once(
    reworks: Reworks, clock: Clock, change: Callable[[Reworks], None]
) -> None:
    job_id = started(reworks, clock)
    reworks.run(job_id, analyse=False)
    messages = reworks.received()
    reworks.deliver(messages)
    clock.move(seconds=1)
    change(reworks)
    reworks.analyzer.prompts.clear()
    assert reworks.deliver(messages) == []
    assert ended(reworks, job_id) == (5, 0, 0)
    assert reworks.analyzer.prompts == []


def test_a_message_that_comes_again_after_it_has_failed_counts_once(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock)

    reworks.analyzer.outcome = refuses_the_third
    reworks.run(job_id, analyse=False)
    messages = reworks.received()
    reworks.deliver(messages)
    reworks.analyzer.outcome = POSITIVE
    assert reworks.deliver(messages) == []
    assert ended(reworks, job_id) == (4, 1, 0)
    assert reworks.insight(identity(2))["sentiment"] == "negative"
    assert reworks.versions() == 4


def test_an_insight_that_is_erased_during_the_call_is_skipped(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock)
    erase = wiring.ingest(reworks.parts).erase
    reworks.run(job_id, analyse=False)
    Storage(reworks.parts).before_write(lambda: erase(identity(1)))
    reworks.deliver_all()
    assert ended(reworks, job_id) == (4, 0, 1)
    assert reworks.counters_equal_a_recount()


def test_a_conversation_that_is_erased_and_sent_again_is_not_analysed_for_the_job(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock)
    reworks.run(job_id, analyse=False)
    messages = reworks.received()
    clock.move(seconds=1)
    erased_and_sent_again(reworks)
    reworks.analyzer.prompts.clear()
    reworks.deliver(messages)
    outcomes = reworks.job(job_id)["outcomes"]
    assert (outcomes["done"], outcomes["skipped"]) == (0, 5)
    assert reworks.analyzer.prompts == []


def test_a_failure_is_the_job_s_error_and_leaves_the_insight(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock)

    reworks.analyzer.outcome = refuses_the_third
    reworks.run(job_id)
    reworks.deliver([one for one in reworks.sent if one.conversation_id == identity(2)])
    job = reworks.run(job_id)
    assert job["status"] == "completed"
    assert (job["outcomes"]["done"], job["outcomes"]["failed"]) == (4, 1)
    assert job["outcomes"]["errors"] == {"too_long": 1}
    assert reworks.insight(identity(2))["sentiment"] == "negative"
    assert reworks.counters_equal_a_recount()


def test_an_attempt_that_fails_is_repeated_for_the_same_job(reworks: Reworks, clock: Clock) -> None:
    reworks.conversations(1)
    clock.move(seconds=60)

    def down(_: Prompt) -> Analysis:
        raise TransientError("timeout", "Grok did not answer")

    reworks.analyzer.outcome = down
    job_id = reworks.start()
    reworks.run(job_id, analyse=False)
    [message] = reworks.received()
    reworks.deliver([message])
    [again] = [one for one in _all(reworks) if one.attempt == 2]
    assert (again.job, again.revision) == (job_id, message.revision)
    reworks.deliver([replace(again, attempt=5)])
    assert reworks.job(job_id)["outcomes"]["errors"] == {"timeout": 1}
    assert reworks.insight(identity(0))["status"] == "completed"


def _all(reworks: Reworks) -> list[Message]:
    """Return the messages that wait, delayed ones too: moto hides those from receivers."""
    from moto.sqs.models import sqs_backends

    [queue] = [
        one
        for one in sqs_backends["123456789012"]["us-east-1"].queues.values()
        if one.name == "analysis"
    ]
    return [Message.from_body(str(one.body)) for one in queue._messages]  # noqa: SLF001


def test_what_was_erased_or_replaced_meanwhile_is_skipped(reworks: Reworks, clock: Clock) -> None:
    job_id = started(reworks, clock)
    reworks.run(job_id, analyse=False)
    messages = reworks.received()
    wiring.ingest(reworks.parts).erase(identity(1))
    reworks.deliver(
        [replace(m, revision=7) if m.conversation_id == identity(3) else m for m in messages]
    )
    outcomes = reworks.job(job_id)["outcomes"]
    assert (outcomes["done"], outcomes["skipped"]) == (3, 2)
    assert reworks.parts.insights.stored(identity(1)) is None
    assert reworks.counters_equal_a_recount()


def test_messages_of_a_cancelled_job_are_dropped_and_sent_again_after_a_new_start(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock)
    reworks.run(job_id, analyse=False)
    assert reworks.request("POST", f"/api/v1/jobs/{job_id}/cancel").status == 202
    reworks.deliver_all()
    assert reworks.analyzer.prompts == []
    assert reworks.request("POST", f"/api/v1/jobs/{job_id}/start").status == 202
    clock.move(seconds=1)
    job = reworks.run(job_id)
    for _ in range(5):
        job = reworks.run(job_id)
    assert job["status"] == "completed"
    assert job["outcomes"]["done"] == 5
    assert len(reworks.analyzer.prompts) == 5


def test_conversations_that_are_sent_after_the_start_are_not_analysed_again(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock)
    clock.move(seconds=60)
    reworks.conversations(3, first=20)
    job = reworks.ended(job_id)
    assert job["outcomes"]["done"] == 5
    assert len(reworks.analyzer.prompts) == 8


def test_jobs_wait_while_new_conversations_do(reworks: Reworks, clock: Clock) -> None:
    job_id = started(reworks, clock)
    reworks.run(job_id, analyse=False)
    messages = reworks.received()
    old = Message(identity(99), 1, clock() - timedelta(seconds=11))
    reworks.deliver([old])
    reworks.deliver(messages)
    assert reworks.analyzer.prompts == []
    assert reworks.run(job_id)["waiting_for"] is not None
    clock.move(seconds=31)
    reworks.deliver(messages)
    assert len(reworks.analyzer.prompts) == 5


def test_new_conversations_of_the_same_batch_go_first(reworks: Reworks, clock: Clock) -> None:
    job_id = started(reworks, clock)
    reworks.run(job_id, analyse=False)
    [first, *_] = reworks.received()
    new = store(reworks.parts, id=identity(50))
    reworks.deliver([first, Message(new.id, 1, clock())])
    assert reworks.analyzer.prompts == [identity(50), first.conversation_id]


def test_a_job_leaves_a_fifth_of_the_budget_and_goes_on_the_next_day(clock: Clock) -> None:
    with mock_aws():
        # Each call costs 2,000,000 ticks: 0.0002 USD.
        parts = make_parts(clock, **REAL, DAILY_BUDGET_USD="0.0060", MIN_BATCH_SIZE="1")
        reworks = Reworks(parts, Saying(NEGATIVE))
        job_id = started(reworks, clock)
        spent = parts.pauses.read(clock()).spent_ticks
        assert spent == 10_000_000
        parts.spending.settle(_reserved(reworks, 38_000_000), 38_000_000)
        job = reworks.run(job_id)
        assert (job["waiting_for"], reworks.analyzer.prompts) == ("budget_spent", [])
        reworks.conversations(1, first=30)
        assert reworks.analyzer.prompts == [identity(30)]
        while clock().day == NOW.day:
            clock.move(seconds=reworks.waited[-1][1])
            job = reworks.run(job_id)
        job = reworks.ended(job_id)
        assert (job["status"], job["outcomes"]["done"]) == ("completed", 5)
        assert len(reworks.waited) < 40
        # After the budget was raised, a job goes on within an hour.
        assert max(seconds for _, seconds in reworks.waited) == 3_600


def _reserved(reworks: Reworks, ticks: int) -> Any:
    from grok_insights.flow import budget

    day = budget.day_of(reworks.parts.now())
    return reworks.parts.spending.reserve(day, ticks, 10**12)


def test_a_slice_that_is_read_twice_sends_no_insight_of_the_job_again(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock)
    assert reworks.run(job_id, analyse=False)["status"] == "running"
    reworks.deliver_all()
    assert reworks.ended(job_id)["status"] == "completed"
    assert len(reworks.sent) == 5


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "reanalysis", "upload_id": identity(1)},
        {"kind": "reanalysis", "again": True},
        {"kind": "import"},
        {"kind": "import", "upload_id": identity(1), "filter": {}},
        {"kind": "reanalysis", "filter": {"sentiment": "sad"}},
        {"kind": "reanalysis", "filter": {"conversation_id": "ticket 7"}},
        {
            "kind": "reanalysis",
            "filter": {"conversation_id": identity(1), "external_id": "ticket 7"},
        },
        {"kind": "reanalysis", "filter": {"start": "2026-11-22T00:00:00Z"}},
        {
            "kind": "reanalysis",
            "filter": {"from": "2026-11-24T00:00:00Z", "to": "2026-11-23T00:00:00Z"},
        },
    ],
)
def test_options_that_do_not_fit_the_kind_are_refused(reworks: Reworks, body: Any) -> None:
    assert reworks.request("POST", "/api/v1/jobs", body).status == 422


def test_a_job_without_insights_ends_at_once(reworks: Reworks) -> None:
    job = reworks.run(reworks.start())
    assert (job["status"], job["outcomes"]["done"]) == ("completed", 0)


def test_steps_of_another_run_end(reworks: Reworks, clock: Clock) -> None:
    job_id = started(reworks, clock)
    assert reworks.step(StepName.PLAN, job_id, run=2)["next"] == "stop"
