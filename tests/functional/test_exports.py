"""Exports of stored insights: the file, its parts, repetition, erasure and expiry."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto import mock_aws

from grok_insights import wiring
from grok_insights.aws.files import export_part_key
from grok_insights.aws.queue import Message
from grok_insights.domain.conversation import Conversation, Role, Turn
from grok_insights.domain.insight import Sentiment
from grok_insights.domain.job import JobKind, PartFile, StepName
from grok_insights.jobs.rework.compose import Composer
from grok_insights.jobs.rework.export import Export
from grok_insights.jobs.rework.steps import ReworkSteps
from grok_insights.wiring import Parts
from tests.builders import NOW
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import identity
from tests.functional.reworks import Json, Reworks, Saying, says

MIN_PART_BYTES = 5_242_880
"""The smallest part of a multipart upload but the last."""

NEGATIVE = says(Sentiment.NEGATIVE, "refund")
FORMULA = "=cmd|' /C calc'!A0"


class Exports(Reworks):
    """Jobs on stored insights, with the bucket of their files."""

    def __init__(self, parts: Parts) -> None:
        self.s3 = parts.s3()
        super().__init__(replace(parts, s3=lambda: self.s3), Saying(NEGATIVE))
        self.s3.create_bucket(Bucket=parts.settings.files_bucket)

    def export(self, **options: Any) -> str:
        """Start an export, and return its id."""
        return self.start(kind="export", **options)

    def stored(self) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.parts.settings.files_bucket)
        return [one["Key"] for one in found.get("Contents", [])]

    def content(self, job: Json) -> bytes:
        """Return the file of a job, by its key."""
        name = "csv" if "csv" in job["export_file"]["url"] else "jsonl"
        response = self.s3.get_object(
            Bucket=self.parts.settings.files_bucket, Key=f"exports/{job['id']}/insights.{name}"
        )
        return response["Body"].read()

    def lines(self, job: Json) -> list[Json]:
        return [json.loads(line) for line in self.content(job).splitlines()]

    def rows(self, job: Json) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.content(job).decode(), newline="")))


@pytest.fixture
def exports(clock: Clock) -> Iterator[Exports]:
    with mock_aws():
        yield Exports(make_parts(clock))


def ids_of(lines: list[Json] | list[dict[str, str]]) -> list[str]:
    return [one["id"] for one in lines]


def test_the_file_has_each_insight_as_the_api_shows_it(exports: Exports) -> None:
    ids = exports.conversations(5)
    job = exports.run(exports.export())
    assert (job["status"], job["progress"]["lines_total"]) == ("completed", 5)
    assert "outcomes" not in job
    assert sorted(ids_of(exports.lines(job))) == sorted(ids)
    assert {one["id"]: one for one in exports.lines(job)} == {
        one: exports.insight(one) for one in ids
    }
    assert exports.stored() == [f"exports/{job['id']}/insights.jsonl"]


def test_the_address_is_valid_for_15_minutes_and_the_file_for_7_days(
    exports: Exports, clock: Clock
) -> None:
    exports.conversations(1)
    job = exports.run(exports.export())
    file = job["export_file"]
    assert file["expires_at"] == "2026-11-23T10:30:00.000Z"
    assert file["available_until"] == "2026-11-30T10:15:00.000Z"
    assert file["bytes"] == len(exports.content(job))
    assert "X-Amz-Expires=900" in file["url"] or "Expires=" in file["url"]
    clock.move(days=7)
    assert "export_file" not in exports.job(job["id"])


def test_a_csv_file_has_one_header_and_no_formulas(exports: Exports) -> None:
    exports.analyzer.outcome = says(Sentiment.NEGATIVE, "refund")
    conversation = Conversation(
        identity(7), FORMULA, NOW, NOW, external_id="=1+1", metadata={"channel": "chat"}
    )
    exports.parts.conversations.add([conversation])
    exports.conversations(3)
    exports.deliver([Message(identity(7), 1, NOW)])
    job = exports.run(exports.export(format="csv", include=["metadata", "text"]))
    rows = exports.rows(job)
    assert len(rows) == 4
    assert list(rows[0])[-2:] == ["text", "metadata"]
    [found] = [one for one in rows if one["id"] == identity(7)]
    assert (found["external_id"], found["text"]) == ("'=1+1", f"'{FORMULA}")
    assert json.loads(found["metadata"]) == {"channel": "chat"}
    assert exports.content(job).count(b"external_id,") == 1


def test_text_and_metadata_are_in_the_file_on_request_only(exports: Exports) -> None:
    exports.conversations(1, metadata={"channel": "chat"})
    [plain] = exports.lines(exports.run(exports.export()))
    assert not {"text", "metadata"} & {*plain}
    [with_text] = exports.lines(exports.run(exports.export(include=["text"])))
    assert with_text == {**plain, "text": f"Text {identity(0)}"}
    [with_metadata] = exports.lines(exports.run(exports.export(include=["metadata"])))
    assert with_metadata == {**plain, "metadata": {"channel": "chat"}}


def test_messages_are_exported_as_they_were_sent(exports: Exports) -> None:
    turns = (Turn(Role.CUSTOMER, "Hi"), Turn(Role.AGENT, "Hello"))
    text = "Customer: Hi\nAgent: Hello"
    exports.parts.conversations.add([Conversation(identity(7), text, NOW, NOW, turns=turns)])
    exports.deliver([Message(identity(7), 1, NOW)])
    [line] = exports.lines(exports.run(exports.export(include=["text"])))
    assert line["messages"] == [
        {"role": "customer", "text": "Hi"},
        {"role": "agent", "text": "Hello"},
    ]


def test_only_the_insights_of_the_filter_are_exported(exports: Exports) -> None:
    exports.conversations(3)
    exports.analyzer.outcome = says(Sentiment.POSITIVE, "praise")
    praise = exports.conversations(2, first=10)
    job = exports.run(exports.export(filter={"topic": "praise"}))
    assert sorted(ids_of(exports.lines(job))) == sorted(praise)


def test_an_export_without_insights_has_no_file(exports: Exports) -> None:
    assert "export_file" not in exports.run(exports.export())
    exports.conversations(1)
    job = exports.run(exports.export(format="csv", filter={"topic": "nothing"}))
    assert (job["status"], job["progress"]["lines_total"]) == ("completed", 0)
    assert "export_file" not in job


def test_a_dry_run_counts_the_insights_and_writes_no_file(exports: Exports) -> None:
    exports.conversations(3)
    job = exports.run(exports.export(dry_run=True, include=["text"]))
    assert job["progress"]["lines_total"] == 3
    assert exports.stored() == []


def test_an_erased_conversation_is_not_in_the_file(exports: Exports) -> None:
    exports.conversations(3)
    wiring.ingest(exports.parts).erase(identity(1))
    lines = exports.lines(exports.run(exports.export(include=["text"])))
    assert sorted(ids_of(lines)) == [identity(0), identity(2)]


def test_a_conversation_that_is_erased_while_its_page_is_read_is_not_in_the_file(
    exports: Exports,
) -> None:
    exports.conversations(1)
    table = exports.parts.settings.conversations_table
    seen: list[None] = []

    def erase(params: Json, **_: Any) -> None:
        if table in params.get("RequestItems", {}) and not seen:
            seen.append(None)
            wiring.ingest(exports.parts).erase(identity(0))

    exports.parts.dynamodb.meta.events.register(
        "provide-client-params.dynamodb.BatchGetItem", erase
    )
    job = exports.run(exports.export(include=["text"]))
    assert seen
    assert "export_file" not in job


def planned(exports: Exports, job_id: str) -> list[int]:
    exports.step(StepName.READ, job_id)
    parts: list[int] = exports.step(StepName.PLAN, job_id)["ranges"]
    return parts


def test_a_slice_that_is_processed_twice_is_in_the_file_once(exports: Exports) -> None:
    ids = exports.conversations(4)
    job_id = exports.export(format="csv")
    parts = planned(exports, job_id)
    for part in [*parts, *parts]:
        exports.step(StepName.PART, job_id, part=part)
    assert sorted(ids_of(exports.rows(exports.run(job_id)))) == sorted(ids)


def test_of_two_executions_of_a_slice_one_file_counts(exports: Exports) -> None:
    ids = exports.conversations(4)
    job_id = exports.export()
    parts = planned(exports, job_id)
    seen: list[None] = []

    def process_the_same(**_: Any) -> None:
        if not seen:
            seen.append(None)
            for part in parts:
                exports.step(StepName.PART, job_id, part=part)

    exports.s3.meta.events.register("provide-client-params.s3.PutObject", process_the_same)
    for part in parts:
        exports.step(StepName.PART, job_id, part=part)
    assert seen
    assert sorted(ids_of(exports.lines(exports.run(job_id)))) == sorted(ids)


@pytest.mark.parametrize("sizes", [(36,), (1, 9, 14, 12), (7, 7, 7, 7, 7, 1)])
def test_pieces_have_all_bytes_of_the_files_in_order(
    exports: Exports, sizes: tuple[int, ...]
) -> None:
    content = b"0123456789abcdefghijklmnopqrstuvwxyz"
    files, rest = [], io.BytesIO(content)
    for number, size in enumerate(sizes):
        files.append(PartFile(name=f"f{number}", size=size))
        exports.s3.put_object(
            Bucket=exports.parts.settings.files_bucket,
            Key=export_part_key("job", f"f{number}"),
            Body=rest.read(size),
        )
    composer = composer_of(wiring.rework_steps(exports.parts))
    pieces = [composer.piece("job", files, start, 7) for start in range(0, 36, 7)]
    assert b"".join(pieces) == content
    assert [len(piece) for piece in pieces] == [7, 7, 7, 7, 7, 1]


def test_a_file_that_takes_several_calls_goes_on_with_the_missing_pieces(
    exports: Exports,
) -> None:
    exports.conversations(1)
    job_id = exports.export()
    for part in planned(exports, job_id):
        exports.step(StepName.PART, job_id, part=part)
    exports.step(StepName.PLAN, job_id)
    size = add_file(exports, job_id, b"x" * 6_000_000)
    steps = wiring.rework_steps(exports.parts)
    composer = replace(composer_of(steps), piece_bytes=MIN_PART_BYTES)
    times = iter([0.0, 1_000.0])
    job = composer.jobs.get(job_id)
    assert job is not None
    assert replace(composer, monotonic=lambda: next(times))(job, 100.0) is None
    assert exports.step(StepName.FINISH, job_id)["next"] == "stop"
    ended = exports.job(job_id)
    assert ended["export_file"]["bytes"] == len(exports.content(ended)) == size
    assert exports.content(ended).endswith(b"x" * 6_000_000)


def add_file(exports: Exports, job_id: str, content: bytes) -> int:
    """Add a file to the last slice that has one; return the size of all files."""
    jobs = composer_of(wiring.rework_steps(exports.parts)).jobs
    job = jobs.get(job_id)
    assert job is not None
    [part] = [one for one in jobs.parts(job_id, range(job.parts)) if one.files]
    exports.s3.put_object(
        Bucket=exports.parts.settings.files_bucket,
        Key=export_part_key(job_id, "more"),
        Body=content,
    )
    files = (*part.files, PartFile(name="more", size=len(content)))
    assert jobs.advance(part, part.model_copy(update={"files": files, "done": part.done + 1}))
    return sum(one.size for one in files)


def composer_of(steps: ReworkSteps) -> Composer:
    export = steps.works[JobKind.EXPORT]
    assert isinstance(export, Export)
    return export.composer


def test_an_export_whose_files_were_deleted_fails_with_the_reason(exports: Exports) -> None:
    exports.conversations(1)
    job_id = exports.export()
    for part in planned(exports, job_id):
        exports.step(StepName.PART, job_id, part=part)
    for key in exports.stored():
        exports.s3.delete_object(Bucket=exports.parts.settings.files_bucket, Key=key)
    job = exports.run(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "parts_expired")


def test_a_cancelled_export_goes_on_after_another_start(exports: Exports) -> None:
    ids = exports.conversations(4)
    job_id = exports.export()
    first, *_ = planned(exports, job_id)
    exports.step(StepName.PART, job_id, part=first)
    assert exports.request("POST", f"/api/v1/jobs/{job_id}/cancel").status == 202
    assert exports.request("POST", f"/api/v1/jobs/{job_id}/start").status == 202
    job = exports.run(job_id)
    assert (job["status"], job["run"]) == ("completed", 2)
    assert sorted(ids_of(exports.lines(job))) == sorted(ids)


def test_an_insight_that_is_replaced_after_the_start_is_in_the_file_once(
    exports: Exports, clock: Clock
) -> None:
    exports.conversations(2)
    job_id = exports.export()
    clock.move(seconds=60)
    again = exports.start()
    exports.ended(again)
    lines = exports.lines(exports.run(job_id))
    assert sorted(ids_of(lines)) == [identity(0), identity(1)]


@pytest.mark.parametrize(
    ("options", "location"),
    [
        ({"format": "xlsx"}, "body.format"),
        ({"include": ["texts"]}, "body.include.0"),
        ({"include": "text"}, "body.include"),
        ({"encoding": "latin-1"}, "body.encoding"),
        ({"filter": {"sentiment": "sad"}}, "body.filter.sentiment"),
    ],
)
def test_an_option_that_is_not_valid_is_named(
    exports: Exports, options: dict[str, Any], location: str
) -> None:
    response = exports.request("POST", "/api/v1/jobs", {"kind": "export", **options})
    assert response.status == 422
    assert [one["location"] for one in response.body["errors"]] == [location]


@pytest.mark.parametrize("kind", ["reanalysis", "remap"])
def test_only_an_export_includes_texts(exports: Exports, kind: str) -> None:
    body = {"kind": kind, "include": ["text"]}
    response = exports.request("POST", "/api/v1/jobs", body)
    assert [one["location"] for one in response.body["errors"]] == ["body.include"]


def test_a_listed_job_has_the_address_of_its_file_too(exports: Exports) -> None:
    exports.conversations(1)
    job = exports.run(exports.export())
    [listed] = exports.request("GET", "/api/v1/jobs").body["items"]
    assert listed["export_file"]["bytes"] == job["export_file"]["bytes"]
