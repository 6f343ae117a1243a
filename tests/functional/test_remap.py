"""Remap of stored insights: topics and segments by the active profile, without calling Grok."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from moto import mock_aws

from grok_insights import wiring
from grok_insights.aws.insights.changes import event_of
from grok_insights.aws.queue import Message
from grok_insights.domain.insight import Analysis, Quote, Sentiment
from grok_insights.domain.job import StepName
from grok_insights.domain.profile import NewProfile
from grok_insights.errors import TransientError
from grok_insights.grok.prompt import Prompt
from tests.functional.conftest import Clock, make_parts
from tests.functional.lost_responses import lost_requests, lost_responses
from tests.functional.query import identity
from tests.functional.reworks import Reworks, Saying, says
from tests.functional.storage import Storage
from tests.functional.stream import Stream

REFUND = {"name": "refund", "aliases": ["money_back"]}
ALIASES = {"topics": {"mode": "open", "labels": [REFUND]}}
CLOSED = {"topics": {"mode": "closed", "labels": [REFUND, {"name": "delivery"}]}}
CHANNEL = {"segments": ["channel"]}
OLDEST = identity(2)
"""The conversation whose slice is processed first."""

MONEY_BACK = says(Sentiment.NEGATIVE, "money_back", "late_parcel")


@pytest.fixture
def reworks(clock: Clock) -> Iterator[Reworks]:
    with mock_aws():
        yield Reworks(make_parts(clock), Saying(MONEY_BACK))


def activate(reworks: Reworks, profile: dict[str, Any]) -> None:
    """Store a version of the profile, and activate it."""
    changes = wiring.ingest(reworks.parts).profile
    changes.put(NewProfile.model_validate(profile), lambda _: None, activate=True)


def started(reworks: Reworks, clock: Clock, profile: dict[str, Any], **options: Any) -> str:
    """Analyse three conversations, activate a profile, and start a remap later."""
    reworks.conversations(3)
    activate(reworks, profile)
    clock.move(seconds=60)
    reworks.analyzer.prompts.clear()
    return reworks.start(kind="remap", **options)


def topics(reworks: Reworks, *numbers: int) -> list[list[str]]:
    return [reworks.insight(identity(number))["topics"] for number in numbers]


def revision(reworks: Reworks, number: int) -> int:
    current = reworks.parts.insights.current(identity(number))
    assert current is not None
    return current.revision


def outcomes(done: int, **changes: int) -> dict[str, Any]:
    return {
        "done": done,
        "changed": done,
        "failed": 0,
        "skipped": 0,
        "changes": changes,
        "sentiment_flips": {},
        "errors": {},
    }


def test_topics_are_mapped_by_the_active_profile_without_a_call(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock, ALIASES)
    spent = reworks.parts.pauses.read(clock()).spent_ticks
    job = reworks.run(job_id)
    assert (job["status"], job["progress"]["lines_total"]) == ("completed", 3)
    assert job["outcomes"] == outcomes(3, topics=3)
    assert job["estimate"] is None
    assert topics(reworks, 0, 1, 2) == [["refund", "late_parcel"]] * 3
    assert reworks.analyzer.prompts == []
    assert reworks.sent == []
    assert reworks.parts.pauses.read(clock()).spent_ticks == spent
    assert reworks.versions() == 3
    assert reworks.counters_equal_a_recount()


def test_nothing_else_of_an_insight_changes(reworks: Reworks, clock: Clock) -> None:
    fields = [
        {"name": "risk", "type": "enum", "values": ["low"]},
        {"name": "rival", "type": "text"},
    ]
    activate(reworks, {"fields": fields, "quotes": True})
    reworks.analyzer.outcome = lambda _: Analysis(
        "Sie möchte ihr Geld zurück.",
        Sentiment.NEUTRAL,
        ("money_back",),
        fields={"risk": "low"},
        text_fields={"rival": "Acme"},
        quotes=(Quote("Text", 0, 4),),
        unverified_quotes=1,
    )
    job_id = started(reworks, clock, {"fields": fields, "quotes": True, **ALIASES})
    before = reworks.insight(identity(0))
    reworks.run(job_id)
    after = reworks.insight(identity(0))
    assert after.pop("topics") == ["refund"]
    assert after["meta"].pop("mapping_version") == 3
    assert after == {name: value for name, value in before.items() if name != "topics"}
    assert before["fields"] == {"risk": "low", "rival": "Acme"}
    assert reworks.counters_equal_a_recount()


def test_an_event_tells_of_the_new_topics_with_the_reason_remap(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock, ALIASES)
    [record] = Stream(reworks.parts).of(identity(0), lambda: reworks.run(job_id))
    event = event_of(record)
    assert event is not None
    assert event.detail["reason"] == "remap"
    assert event.detail["sequence"] == 2
    assert event.detail["topics"] == ["refund", "late_parcel"]


def test_an_insight_that_does_not_change_is_not_written(reworks: Reworks, clock: Clock) -> None:
    reworks.analyzer.outcome = says(Sentiment.POSITIVE, "praise")
    job = reworks.run(started(reworks, clock, ALIASES))
    assert job["outcomes"] == outcomes(0)
    assert (revision(reworks, 0), reworks.versions()) == (1, 0)


def test_closed_topics_leave_other_where_no_label_applies(reworks: Reworks, clock: Clock) -> None:
    reworks.conversations(1, first=9)
    reworks.analyzer.outcome = says(Sentiment.NEGATIVE, "late_parcel")
    reworks.run(started(reworks, clock, CLOSED))
    assert topics(reworks, 0, 9) == [["other"], ["refund"]]
    assert reworks.counters_equal_a_recount()


def test_segments_come_from_the_metadata_of_conversations_that_are_still_there(
    reworks: Reworks, clock: Clock
) -> None:
    reworks.conversations(2, first=10, metadata={"channel": "chat"})
    activate(reworks, CHANNEL)
    reworks.conversations(1, first=20, metadata={"channel": "mail"})
    reworks.parts.dynamodb.delete_item(
        TableName=reworks.parts.settings.conversations_table, Key={"id": {"S": identity(20)}}
    )
    clock.move(seconds=60)
    job = reworks.run(reworks.start(kind="remap"))
    assert job["outcomes"] == outcomes(2, **{"segment.channel": 2})
    assert reworks.insight(identity(10))["segments"] == {"channel": "chat"}
    assert reworks.insight(identity(20))["segments"] == {"channel": "mail"}
    assert reworks.counters_equal_a_recount()


def test_a_segment_that_the_profile_no_longer_names_is_removed(
    reworks: Reworks, clock: Clock
) -> None:
    activate(reworks, CHANNEL)
    reworks.conversations(1, first=10, metadata={"channel": "chat"})
    activate(reworks, {})
    clock.move(seconds=60)
    job = reworks.run(reworks.start(kind="remap"))
    assert job["outcomes"] == outcomes(1, **{"segment.channel": 1})
    assert "segments" not in reworks.insight(identity(10))
    assert reworks.counters_equal_a_recount()


def test_a_dry_run_counts_what_would_change_and_writes_nothing(
    reworks: Reworks, clock: Clock
) -> None:
    reworks.conversations(1, first=10, metadata={"channel": "chat"})
    job = reworks.run(started(reworks, clock, {**ALIASES, **CHANNEL}, dry_run=True))
    assert (job["status"], job["estimate"]) == ("completed", None)
    expected = outcomes(4, topics=4, **{"segment.channel": 1})
    assert job["outcomes"] == {**expected, "done": 0}
    assert topics(reworks, 0, 10) == [["money_back", "late_parcel"]] * 2
    assert reworks.versions() == 0
    assert reworks.parts.pauses.read(clock()).active.values == {"channel": frozenset()}


def test_a_slice_that_is_processed_twice_replaces_and_counts_once(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock, ALIASES)
    reworks.step(StepName.READ, job_id)
    planned = reworks.step(StepName.PLAN, job_id)
    for part in [*planned["ranges"], *planned["ranges"]]:
        reworks.step(StepName.PART, job_id, part=part)
    assert reworks.run(job_id)["outcomes"] == outcomes(3, topics=3)
    assert (revision(reworks, 0), reworks.versions()) == (2, 3)
    assert reworks.counters_equal_a_recount()


def test_a_slice_that_is_processed_again_by_another_profile_replaces_twice_and_counts_once(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock, ALIASES)
    with lost_responses(reworks.parts.dynamodb, "TransactWriteItems", times=1_000):
        assert _failed_parts(reworks, job_id)
    activate(reworks, CLOSED)
    assert reworks.run(job_id)["outcomes"] == outcomes(3, topics=3)
    assert topics(reworks, 0, 1, 2) == [["refund"]] * 3
    assert (revision(reworks, 0), reworks.versions()) == (3, 6)
    assert reworks.counters_equal_a_recount()


def test_another_remap_by_the_same_profile_changes_nothing(reworks: Reworks, clock: Clock) -> None:
    reworks.run(started(reworks, clock, ALIASES))
    assert reworks.run(reworks.start(kind="remap"))["outcomes"] == outcomes(0)
    assert revision(reworks, 0) == 2


def test_a_lost_response_replaces_and_counts_once(reworks: Reworks, clock: Clock) -> None:
    job_id = started(reworks, clock, ALIASES)
    with lost_responses(reworks.parts.dynamodb, "TransactWriteItems", times=2) as lost:
        job = reworks.run(job_id)
    assert len(lost) == 2
    assert job["outcomes"] == outcomes(3, topics=3)
    assert reworks.counters_equal_a_recount()


def test_a_page_that_could_not_be_written_is_processed_again(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock, ALIASES)
    with lost_requests(reworks.parts.dynamodb, "TransactWriteItems", times=1_000):
        assert _failed_parts(reworks, job_id)
    assert reworks.run(job_id)["outcomes"] == outcomes(3, topics=3)


def _failed_parts(reworks: Reworks, job_id: str) -> list[int]:
    """Read and plan a job, process each part once, and return the parts that fail."""
    reworks.step(StepName.READ, job_id)
    parts = reworks.step(StepName.PLAN, job_id)["ranges"]
    return [part for part in parts if _fails(reworks, job_id, part)]


def _fails(reworks: Reworks, job_id: str, part: int) -> bool:
    try:
        reworks.step(StepName.PART, job_id, part=part)
    except (RuntimeError, ConnectTimeoutError):
        return True
    return False


def test_an_insight_without_the_topic_of_the_filter_still_counts_as_selected(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock, ALIASES, filter={"topic": "money_back"})
    with lost_responses(reworks.parts.dynamodb, "TransactWriteItems", times=1_000):
        assert _failed_parts(reworks, job_id)
    job = reworks.run(job_id)
    assert job["progress"]["lines_done"] == 3
    assert job["outcomes"] == outcomes(3, topics=3)


def test_an_insight_that_the_job_itself_has_replaced_is_not_skipped(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock, ALIASES, filter={"topic": "money_back"})
    reworks.step(StepName.READ, job_id)
    parts = reworks.step(StepName.PLAN, job_id)["ranges"]

    def process() -> None:
        for part in parts:
            reworks.step(StepName.PART, job_id, part=part)

    Storage(reworks.parts).before_write(process)
    assert reworks.run(job_id)["outcomes"] == outcomes(3, topics=3)
    assert reworks.versions() == 3


def test_an_insight_that_is_replaced_meanwhile_is_read_again(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock, ALIASES)
    sent_again = says(Sentiment.POSITIVE, "money_back", "praise")

    def replace() -> None:
        wiring.ingest(reworks.parts).erase(OLDEST)
        clock.move(seconds=1)
        reworks.analyzer.outcome = sent_again
        reworks.conversations(1, first=2)

    Storage(reworks.parts).before_write(replace)
    job = reworks.run(job_id)
    assert topics(reworks, 1, 2) == [["refund", "late_parcel"], ["refund", "praise"]]
    assert job["outcomes"] == outcomes(3, topics=3)
    assert reworks.counters_equal_a_recount()


def test_a_conversation_that_is_erased_meanwhile_stays_erased(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock, ALIASES)
    ingest = wiring.ingest(reworks.parts)
    Storage(reworks.parts).before_write(lambda: ingest.erase(OLDEST))
    job = reworks.run(job_id)
    assert job["outcomes"] == {**outcomes(2, topics=2), "skipped": 1}
    assert reworks.parts.insights.stored(OLDEST) is None
    assert reworks.versions() == 2
    assert reworks.counters_equal_a_recount()


def test_an_insight_that_dynamodb_deletes_meanwhile_is_not_stored_again(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock, ALIASES)
    table, key = reworks.parts.settings.insights_table, {"conversation_id": {"S": OLDEST}}
    delete = reworks.parts.dynamodb.delete_item
    Storage(reworks.parts).before_write(lambda: delete(TableName=table, Key=key))
    job = reworks.run(job_id)
    assert job["outcomes"] == {**outcomes(2, topics=2), "skipped": 1}
    assert reworks.parts.insights.stored(OLDEST) is None


def test_a_cancelled_remap_goes_on_after_another_start(reworks: Reworks, clock: Clock) -> None:
    job_id = started(reworks, clock, ALIASES)
    reworks.step(StepName.READ, job_id)
    first, *others = reworks.step(StepName.PLAN, job_id)["ranges"]
    reworks.step(StepName.PART, job_id, part=first)
    assert reworks.request("POST", f"/api/v1/jobs/{job_id}/cancel").status == 202
    for part in others:
        reworks.step(StepName.PART, job_id, part=part)
    assert reworks.job(job_id)["outcomes"]["done"] < 3
    assert reworks.request("POST", f"/api/v1/jobs/{job_id}/start").status == 202
    job = reworks.run(job_id)
    assert (job["status"], job["run"]) == ("completed", 2)
    assert job["outcomes"] == outcomes(3, topics=3)


def test_only_the_insights_of_the_filter_are_mapped(reworks: Reworks, clock: Clock) -> None:
    filter_ = {"from": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
    job = reworks.run(started(reworks, clock, ALIASES, filter=filter_))
    assert job["outcomes"] == outcomes(1, topics=1)
    assert [found[0] for found in topics(reworks, 0, 1, 2)] == [
        "money_back",
        "refund",
        "money_back",
    ]


def test_failed_insights_stay_as_they_are(reworks: Reworks, clock: Clock) -> None:
    def down(_: Prompt) -> Analysis:
        raise TransientError("timeout", "Grok did not answer")

    reworks.analyzer.outcome = down
    reworks.conversations(1)
    reworks.deliver([Message(identity(0), 5, clock())])
    assert reworks.insight(identity(0))["status"] == "failed"
    activate(reworks, CLOSED)
    job = reworks.run(reworks.start(kind="remap"))
    assert (job["status"], job["progress"]["lines_done"]) == ("completed", 0)
    assert revision(reworks, 0) == 1


def test_a_remap_waits_while_the_profile_is_damaged(reworks: Reworks, clock: Clock) -> None:
    job_id = started(reworks, clock, ALIASES)
    reworks.step(StepName.READ, job_id)
    parts = reworks.step(StepName.PLAN, job_id)["ranges"]
    reworks.parts.dynamodb.put_item(
        TableName=reworks.parts.settings.state_table,
        Item={"id": {"S": "profile"}, "active": {"S": "?"}},
    )
    assert _fails(reworks, job_id, parts[0]) or topics(reworks, 0) == [
        ["money_back", "late_parcel"]
    ]
    assert reworks.run(job_id)["waiting_for"] == "state_unreadable"
    assert topics(reworks, 0, 1, 2) == [["money_back", "late_parcel"]] * 3


def test_new_conversations_are_analysed_as_ever_while_a_remap_runs(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock, ALIASES)
    reworks.deliver([Message(identity(0), 1, clock())])
    assert reworks.analyzer.prompts == []
    reworks.run(job_id)
    reworks.conversations(1, first=30)
    assert reworks.analyzer.prompts == [identity(30)]


@pytest.mark.parametrize(
    ("options", "location"),
    [
        ({"upload_id": identity(1)}, "body.upload_id"),
        ({"again": True}, "body.again"),
        ({"format": "csv"}, "body.format"),
        ({"filter": {"status": "failed"}}, "body.filter"),
        ({"filter": {"topics": "refund"}}, "body.filter.topics"),
        ({"dry_run": "perhaps"}, "body.dry_run"),
    ],
)
def test_an_option_that_is_not_valid_is_named(
    reworks: Reworks, options: dict[str, Any], location: str
) -> None:
    response = reworks.request("POST", "/api/v1/jobs", {"kind": "remap", **options})
    assert response.status == 422
    assert [one["location"] for one in response.body["errors"]] == [location]
