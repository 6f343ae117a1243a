"""The jobs function: uploads, and jobs that are started, shown and cancelled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from grok_insights.domain.job import StepName
from grok_insights.jobs.uploads import MIN_PART_BYTES
from grok_insights.wiring import Parts
from tests.functional.conftest import Clock
from tests.functional.imports import Imports, jsonl

MISSING = "00000000-0000-4000-8000-000000000000"
CONTENT = jsonl({"text": "One"})


@pytest.fixture
def imports(parts: Parts) -> Imports:
    return Imports(parts)


def test_an_upload_lists_its_parts_with_a_signed_length(imports: Imports) -> None:
    size = MIN_PART_BYTES + 5
    begun = imports.request("POST", "/api/v1/uploads", {"name": "a.csv", "size": size})
    assert begun.body["parts"] == 2
    assert [part["size"] for part in begun.body["missing"]] == [MIN_PART_BYTES, 5]
    for part in begun.body["missing"]:
        assert "X-Amz-SignedHeaders=content-length%3Bhost" in part["url"]
        assert "X-Amz-Expires=900" in part["url"]


def test_a_part_is_sent_to_the_address_of_the_bucket_in_its_region(imports: Imports) -> None:
    begun = imports.request("POST", "/api/v1/uploads", {"name": "a.csv", "size": 5})
    [part] = begun.body["missing"]
    assert part["url"].startswith(f"https://{imports.bucket}.s3.us-east-1.amazonaws.com/")


def test_an_upload_names_at_most_100_missing_parts(imports: Imports) -> None:
    size = MIN_PART_BYTES * 250
    begun = imports.request("POST", "/api/v1/uploads", {"name": "a.csv", "size": size})
    assert begun.body["parts"] == 250
    assert len(begun.body["missing"]) == 100


def test_an_upload_goes_on_with_the_parts_that_are_missing(imports: Imports) -> None:
    size = MIN_PART_BYTES + 5
    begun = imports.request("POST", "/api/v1/uploads", {"name": "a.csv", "size": size})
    imports.s3.upload_part(
        Bucket=imports.bucket,
        PartNumber=2,
        Body=b"12345",
        **imports.parts_of(begun.body["id"]),
    )
    found = imports.request("GET", f"/api/v1/uploads/{begun.body['id']}")
    assert (found.body["uploaded"], [one["part"] for one in found.body["missing"]]) == (1, [1])
    job = {"kind": "import", "upload_id": begun.body["id"]}
    assert imports.request("POST", "/api/v1/jobs", job).status == 409


@pytest.mark.parametrize("size", [0, -1, 10 * 1024**3 + 1])
def test_a_file_must_have_1_byte_to_10_gigabytes(imports: Imports, size: int) -> None:
    assert imports.request("POST", "/api/v1/uploads", {"name": "a", "size": size}).status == 422


def test_an_upload_alone_starts_nothing(imports: Imports) -> None:
    imports.upload(CONTENT)
    assert imports.request("GET", "/api/v1/jobs").body == {"items": []}


def test_an_unknown_kind_is_refused_with_the_kinds_that_there_are(imports: Imports) -> None:
    response = imports.request("POST", "/api/v1/jobs", {"kind": "dance", "upload_id": MISSING})
    assert response.status == 422
    message = "must be 'import', 'reanalysis', 'remap' or 'export'"
    assert response.body["errors"] == [{"location": "body.kind", "message": message}]


@pytest.mark.parametrize(
    "mapping", [{"text": "a", "body": "b"}, {"external_id": "a"}, {"text": ""}]
)
def test_a_mapping_must_lead_to_fields_of_a_conversation(
    imports: Imports, mapping: dict[str, str]
) -> None:
    body = {"kind": "import", "upload_id": MISSING, "mapping": mapping}
    assert imports.request("POST", "/api/v1/jobs", body).status == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/api/v1/uploads/{MISSING}", None),
        ("GET", f"/api/v1/jobs/{MISSING}", None),
        ("POST", f"/api/v1/jobs/{MISSING}/cancel", None),
        ("POST", f"/api/v1/jobs/{MISSING}/start", None),
        ("POST", "/api/v1/jobs", {"kind": "import", "upload_id": MISSING}),
    ],
)
def test_what_does_not_exist_is_not_found(
    imports: Imports, method: str, path: str, body: Any
) -> None:
    assert imports.request(method, path, body).status == 404


def test_jobs_are_listed_newest_first(imports: Imports, clock: Clock) -> None:
    first = imports.start(CONTENT)
    clock.move(seconds=1)
    second = imports.start(CONTENT)
    listed = imports.request("GET", "/api/v1/jobs").body["items"]
    assert [job["id"] for job in listed] == [second, first]
    [newest] = imports.request("GET", "/api/v1/jobs", limit="1").body["items"]
    assert newest["id"] == second


def test_a_job_is_started_and_listed_alone_after_all_others_have_expired(
    imports: Imports, clock: Clock
) -> None:
    imports.start(CONTENT)
    clock.at += timedelta(days=imports.parts.settings.retention_days)
    started = imports.start(CONTENT)
    listed = imports.request("GET", "/api/v1/jobs").body["items"]
    assert [job["id"] for job in listed] == [started]


def test_a_cancelled_job_stops_and_goes_on_when_it_is_started_again(imports: Imports) -> None:
    job_id = imports.start(CONTENT)
    imports.step(StepName.READ, job_id)
    assert imports.request("POST", f"/api/v1/jobs/{job_id}/cancel").body["status"] == "cancelled"
    assert imports.step(StepName.PLAN, job_id)["next"] == "stop"
    assert imports.step(StepName.PART, job_id) == {}
    assert imports.texts() == []
    assert imports.request("POST", f"/api/v1/jobs/{job_id}/cancel").status == 202
    assert imports.request("POST", f"/api/v1/jobs/{job_id}/start").status == 202
    assert imports.step(StepName.PLAN, job_id, run=1)["next"] == "stop"
    job = imports.run(job_id)
    assert (job["status"], job["run"]) == ("completed", 2)
    assert imports.texts() == ["One"]


def test_a_job_that_ended_well_is_neither_cancelled_nor_started(imports: Imports) -> None:
    job_id = imports.imported(CONTENT)["id"]
    assert imports.request("POST", f"/api/v1/jobs/{job_id}/cancel").status == 409
    assert imports.request("POST", f"/api/v1/jobs/{job_id}/start").status == 409


def test_a_job_whose_execution_does_not_exist_has_failed_after_a_minute(
    imports: Imports, clock: Clock
) -> None:
    job_id = imports.start(CONTENT)
    [execution] = imports.parts.stepfunctions().list_executions(
        stateMachineArn=imports.parts.settings.import_state_machine
    )["executions"]
    imports.parts.stepfunctions().stop_execution(executionArn=execution["executionArn"])
    assert imports.job(job_id)["status"] == "running"
    clock.move(seconds=61)
    assert imports.job(job_id)["error"]["code"] == "execution_failed"
    assert imports.request("POST", f"/api/v1/jobs/{job_id}/start").status == 202


def test_a_step_that_fails_repeatedly_marks_the_job_as_failed(imports: Imports) -> None:
    job_id = imports.start(CONTENT)
    imports.step(StepName.FAIL, job_id)
    assert imports.job(job_id)["error"]["code"] == "step_failed"
