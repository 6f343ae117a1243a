"""Imports from the upload to the queue, on tables, a bucket and a queue of moto."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto import mock_aws

from grok_insights import wiring
from grok_insights.domain.conversation import conversation_id
from grok_insights.domain.job import StepName
from grok_insights.domain.profile import NewProfile
from grok_insights.flow.budget import OVERHEAD_TOKENS, estimated_cost
from grok_insights.grok.request import RequestForm
from grok_insights.ingest.conversations import Accepted
from grok_insights.jobs.steps import Event
from grok_insights.wiring import Parts
from tests.functional.conftest import Clock, make_parts
from tests.functional.imports import CHUNK_LINES, PART_LINES, Imports, Killed, jsonl


@pytest.fixture
def imports(parts: Parts) -> Imports:
    return Imports(parts)


def lines(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"text": f"Conversation {n}"} for n in range(start, start + count)]


def test_each_line_is_stored_once_and_enqueued(imports: Imports) -> None:
    job = imports.imported(jsonl({"text": "One"}, {"text": "Two", "external_id": "t-2"}))
    assert job["status"] == "completed"
    assert job["counts"] == {"accepted": 2, "repeated": 0, "rejected": 0, "erased": 0}
    assert imports.texts() == ["One", "Two"]
    assert conversation_id("t-2", lambda: None) in imports.messages()  # type: ignore[arg-type,return-value]


def test_rejected_lines_are_listed_with_their_number_and_the_reason(imports: Imports) -> None:
    content = b'{"text": "Good"}\n\nnot JSON\n[1]\n{"text": " "}\n{"text": "x", "texts": 1}\n'
    job = imports.imported(content)
    assert job["counts"] == {"accepted": 1, "repeated": 0, "rejected": 4, "erased": 0}
    assert "url" in job["rejected_file"]
    assert imports.rejected(job) == [
        {"line": 3, "error": "the line is not JSON"},
        {"line": 4, "error": "the line is not a JSON object"},
        {
            "line": 5,
            "error": "the conversation is not valid",
            "errors": [{"location": "text", "message": "must not be blank"}],
        },
        {
            "line": 6,
            "error": "the conversation is not valid",
            "errors": [{"location": "texts", "message": "is not a known name"}],
        },
    ]


def test_the_same_file_again_asks_for_again_and_then_changes_nothing(imports: Imports) -> None:
    content = jsonl(*lines(3))
    first = imports.imported(content)
    refused = imports.imported(content)
    assert (refused["status"], refused["error"]["code"]) == ("failed", "imported_before")
    assert first["id"] in refused["error"]["message"]
    again = imports.imported(content, again=True)
    assert again["counts"] == {"accepted": 3, "repeated": 3, "rejected": 0, "erased": 0}
    assert len(imports.texts()) == 3


@pytest.mark.parametrize("one", [{"text": "Two", "external_id": "t-2"}, {"text": "Two"}])
def test_a_conversation_that_was_erased_does_not_come_back_by_the_same_file(
    imports: Imports, clock: Clock, one: dict[str, Any]
) -> None:
    content = jsonl({"text": "One"}, one, {"text": "Three"})
    imports.imported(content)
    erase(imports.parts, id_of(imports, "Two"))
    clock.at += timedelta(days=imports.parts.settings.retention_days - 1)
    again = imports.imported(content, again=True)
    assert again["counts"] == {"accepted": 2, "repeated": 2, "rejected": 0, "erased": 1}
    assert (again["progress"]["lines_done"], "rejected_file" in again) == (3, False)
    assert imports.texts() == ["One", "Three"]


def test_an_erased_conversation_can_be_imported_again_when_it_would_have_expired(
    imports: Imports, clock: Clock
) -> None:
    content = jsonl({"text": "One"})
    imports.imported(content)
    clock.at += timedelta(minutes=1)
    erase(imports.parts, id_of(imports, "One"))
    clock.at += timedelta(days=imports.parts.settings.retention_days, minutes=-1)
    again = imports.imported(content, again=True)
    assert again["counts"] == {"accepted": 1, "repeated": 0, "rejected": 0, "erased": 0}


def test_a_conversation_that_a_client_sends_again_after_it_was_erased_is_accepted(
    imports: Imports,
) -> None:
    one = {"text": "One", "external_id": "t-1"}
    imports.imported(jsonl(one))
    erase(imports.parts, id_of(imports, "One"))
    assert isinstance(wiring.ingest(imports.parts).many([one])[0], Accepted)
    assert imports.texts() == ["One"]
    again = imports.imported(jsonl(one), again=True)
    assert again["counts"] == {"accepted": 1, "repeated": 1, "rejected": 0, "erased": 0}


def test_a_conversation_with_a_damaged_time_of_expiry_stays_erased(imports: Imports) -> None:
    content = jsonl({"text": "One"})
    imports.imported(content)
    identity = id_of(imports, "One")
    imports.parts.dynamodb.update_item(
        TableName=imports.parts.settings.conversations_table,
        Key={"id": {"S": identity}},
        UpdateExpression="SET #ttl = :damaged",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ExpressionAttributeValues={":damaged": {"S": "soon"}},
    )
    erase(imports.parts, identity)
    assert imports.imported(content, again=True)["counts"]["erased"] == 1


def erase(parts: Parts, identity: str) -> None:
    wiring.ingest(parts).erase(identity)


def id_of(imports: Imports, text: str) -> str:
    """Return the id of the stored conversation with a text."""
    table = imports.parts.settings.conversations_table
    items = imports.parts.dynamodb.scan(TableName=table)["Items"]
    [identity] = [item["id"]["S"] for item in items if item.get("text") == {"S": text}]
    return str(identity)


def test_a_file_whose_import_was_cancelled_needs_no_again(imports: Imports) -> None:
    content = jsonl(*lines(3))
    cancelled = imports.start(content)
    imports.step(StepName.READ, cancelled)
    imports.request("POST", f"/api/v1/jobs/{cancelled}/cancel")
    assert imports.imported(content)["status"] == "completed"


def test_a_dry_run_estimates_and_stores_nothing(imports: Imports) -> None:
    job = imports.imported(jsonl({"text": "x" * 4_000}, {"text": "y"}) + b"bad\n", dry_run=True)
    assert job["status"] == "completed"
    assert job["estimate"] == {
        "lines": 3,
        "unreadable": 1,
        "tokens": 1_000 + 500 + 1 + 500,
        "cost_usd": "0.00",
        "seconds": 1,
        "days_of_budget": None,
    }
    assert imports.texts() == []
    assert imports.keys("jobs/") == []


def test_a_dry_run_estimates_what_the_budget_reserves_for_the_calls_of_the_active_profile(
    imports: Imports,
) -> None:
    turns = [{"role": "customer", "text": "Where is it?"}, {"role": "agent", "text": "On its way."}]
    labels = [{"name": f"topic_{n}", "description": "d" * 200} for n in range(50)]
    profile = {"topics": {"mode": "closed", "labels": labels}}
    changes = wiring.ingest(imports.parts).profile
    active = changes.put(NewProfile.model_validate(profile), lambda _: None, activate=True).profile
    job = imports.imported(jsonl({"text": "x" * 4_000}, {"messages": turns}), dry_run=True)
    form = RequestForm("grok", imports.parts.settings.grok_system_prompt)
    overhead = form.overhead_tokens(active)
    texts = ["x" * 4_000, "Customer: Where is it?\nAgent: On its way."]
    price = imports.parts.settings.grok_cost_per_1k
    reserved = [estimated_cost(text, price, overhead).tokens for text in texts]
    assert overhead > OVERHEAD_TOKENS
    assert job["estimate"]["tokens"] == sum(reserved)


def test_csv_is_mapped_with_quoted_newlines_and_a_byte_order_mark(imports: Imports) -> None:
    content = (
        '\ufeffTicket;Body;Date;Channel\r\n7;"Hello\nthere; friend";2024-03-01 10:15;chat\r\n'
        "8;Plain;2024-03-01T10:15:00+02:00;\r\n9;Short\r\n"
    ).encode()
    mapping = {
        "text": "Body",
        "external_id": "Ticket",
        "occurred_at": "Date",
        "metadata.channel": "Channel",
    }
    job = imports.imported(content, mapping=mapping)
    assert imports.texts() == ["Hello\nthere; friend", "Plain"]
    stored = imports.parts.conversations.get(conversation_id("7", lambda: None))  # type: ignore[arg-type,return-value]
    assert stored is not None
    assert stored.occurred_at == datetime(2024, 3, 1, 10, 15, tzinfo=UTC)
    assert stored.metadata == {"channel": "chat"}
    assert imports.rejected(job) == [
        {"line": 5, "error": "the record has 2 columns, and the header 4"}
    ]


def test_latin_1_and_gzip_are_read(imports: Imports) -> None:
    content = gzip.compress("text\nGrüße aus Köln\n".encode("latin-1"))
    imports.imported(content, encoding="latin-1")
    assert imports.texts() == ["Grüße aus Köln"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\n\n", "empty_file"),
        (b"text\n", "empty_file"),
        (b"body,date\nHello,2024\n", "no_text_column"),
        ("text\nGrüße\n".encode("latin-1"), "wrong_encoding"),
        ('{"text": "a"}'.encode("utf-16"), "wrong_format"),
        (b"PK\x03\x04....", "wrong_format"),
        (b'[{"text": "a"}]', "wrong_format"),
        (b"\x1f\x8b\x08\x00damaged", "wrong_format"),
        (b'text\n"never ends' + b"x\n" * 2_200_000, "line_too_long"),
        (b"text\n" + b"x" * 5_000_000, "line_too_long"),
        (b'{"text": "' + b"x" * 5_000_000, "wrong_format"),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else value,
)
def test_a_file_that_cannot_be_imported_fails_with_the_reason(
    imports: Imports, content: bytes, code: str
) -> None:
    job = imports.imported(content)
    assert (job["status"], job["error"]["code"]) == ("failed", code), job["error"]
    assert len(job["error"]["message"]) > 20
    assert imports.texts() == []


def test_a_file_in_several_parts_keeps_the_numbers_of_its_lines(imports: Imports) -> None:
    content = jsonl(*lines(PART_LINES + 4)) + b"bad\n"
    job = imports.imported(content)
    assert job["counts"] == {"accepted": PART_LINES + 4, "repeated": 0, "rejected": 1, "erased": 0}
    assert [one["line"] for one in imports.rejected(job)] == [PART_LINES + 5]
    assert imports.keys("jobs/") == [
        f"jobs/{job['id']}/errors.jsonl",
        f"jobs/{job['id']}/errors/000001-000004.jsonl",
    ]
    assert imports.keys("uploads/") == []


def test_reading_goes_on_where_the_time_ended_and_makes_the_same_file(imports: Imports) -> None:
    content = jsonl(*lines(PART_LINES * 2 + 5))
    job_id = imports.start(content)
    use_case = imports.steps()
    times = iter(range(300, 10_000, 300))
    hurried = replace(
        use_case,
        reader=replace(use_case.reader, monotonic=lambda: float(next(times))),
        monotonic=lambda: 0.0,
    )
    assert hurried(Event(StepName.READ, job_id, 1), 300.0)["next"] == "read"
    job = imports.run(job_id)
    assert job["counts"]["accepted"] == PART_LINES * 2 + 5
    again = imports.imported(content, again=True)
    assert again["counts"]["repeated"] == PART_LINES * 2 + 5


def test_a_kill_after_conversations_were_accepted_loses_none_and_counts_each_once(
    imports: Imports,
) -> None:
    content = jsonl(*lines(CHUNK_LINES * 2)) + b"bad\n"
    job_id = imports.start(content)
    imports.step(StepName.READ, job_id)
    use_case = imports.steps()
    # The first chunk is accepted, and its progress is not stored.
    events = imports.parts.dynamodb.meta.events
    puts: list[str] = []

    def count(params: dict[str, Any], **_: Any) -> None:
        if params["TableName"] == imports.parts.settings.jobs_table:
            puts.append(params["Item"]["id"]["S"])
            if len(puts) == 2:
                raise Killed

    events.register("provide-client-params.dynamodb.PutItem", count)
    with pytest.raises(Killed):
        use_case(Event(StepName.PART, job_id, 1, 0), 300.0)
    events.unregister("provide-client-params.dynamodb.PutItem", count)
    assert len(imports.texts()) == CHUNK_LINES
    job = imports.run(job_id)
    assert job["status"] == "completed"
    assert job["counts"]["accepted"] == CHUNK_LINES * 2
    assert job["counts"]["rejected"] == 1
    assert len(imports.texts()) == CHUNK_LINES * 2


def test_a_part_that_runs_twice_counts_once(imports: Imports) -> None:
    job_id = imports.start(jsonl(*lines(10)))
    imports.step(StepName.READ, job_id)
    imports.step(StepName.PART, job_id)
    imports.step(StepName.PART, job_id)
    assert imports.run(job_id)["counts"] == {
        "accepted": 10,
        "repeated": 0,
        "rejected": 0,
        "erased": 0,
    }


def test_an_import_waits_while_the_queue_is_half_full_and_drops_nothing(clock: Clock) -> None:
    with mock_aws():
        imports = Imports(make_parts(clock, MAX_QUEUE_DEPTH="40"))
        job_id = imports.start(jsonl(*lines(25)))
        job = imports.run(job_id)
        assert (job["status"], job["phase"], job["waiting_for"]) == ("running", "waiting", "queue")
        assert 0 < len(imports.texts()) <= 20
        imports.messages()
        imports.parts.sqs.purge_queue(QueueUrl=imports.parts.settings.analysis_queue_url)
        assert imports.run(job_id)["counts"]["accepted"] == 25


def test_an_import_waits_while_the_analysis_is_paused(imports: Imports) -> None:
    state = imports.parts.settings.state_table
    pause = {"id": {"S": "pause"}, "since": {"S": "2026-11-23T10:00:00.000Z"}}
    imports.parts.dynamodb.put_item(TableName=state, Item=pause)
    job_id = imports.start(jsonl(*lines(3)))
    assert imports.run(job_id)["waiting_for"] == "paused_by_operator"
    assert imports.texts() == []
    imports.parts.dynamodb.delete_item(TableName=state, Key={"id": {"S": "pause"}})
    assert imports.run(job_id)["status"] == "completed"


def test_a_part_that_fails_repeatedly_is_set_aside_and_can_be_tried_again(
    imports: Imports,
) -> None:
    job_id = imports.start(jsonl(*lines(PART_LINES + 5)))
    imports.step(StepName.READ, job_id)
    key = f"jobs/{job_id}/parts/000000.jsonl"
    content = imports.s3.get_object(Bucket=imports.bucket, Key=key)["Body"].read()
    imports.s3.put_object(Bucket=imports.bucket, Key=key, Body=b"damaged\n")
    for _ in range(5):
        with pytest.raises(json.JSONDecodeError):
            imports.step(StepName.PART, job_id)
    job = imports.run(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "parts_failed")
    assert job["counts"]["accepted"] == 5
    imports.s3.put_object(Bucket=imports.bucket, Key=key, Body=content)
    again = imports.request("POST", f"/api/v1/jobs/{job_id}/start")
    assert (again.status, again.body["status"]) == (202, "running")
    assert imports.run(job_id)["counts"] == {
        "accepted": PART_LINES + 5,
        "repeated": 0,
        "rejected": 0,
        "erased": 0,
    }


def test_conversations_that_the_queue_refuses_are_sent_again(imports: Imports) -> None:
    refusals = iter([True, True])

    def refuse(params: dict[str, Any], **_: Any) -> None:
        if next(refusals, False):
            params["QueueUrl"] = params["QueueUrl"].replace("analysis", "missing")

    imports.parts = replace(imports.parts, sleep=lambda _: None)
    imports.parts.sqs.meta.events.register("provide-client-params.sqs.SendMessageBatch", refuse)
    job = imports.imported(jsonl(*lines(15)))
    assert job["counts"]["accepted"] == 15
    assert imports.parts.queue.depth() == 15  # those sent again are delayed
