"""Jobs: a file is estimated and imported, and its conversations are analysed again.

They need an analysis that works, so they are skipped if conversations have no insight.
"""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from tests.e2e.acceptance.api import REQUEST_TIMEOUT_SECONDS, Api, shown
from tests.e2e.acceptance.conftest import read_insight
from tests.e2e.acceptance.insights import PATH, Insights
from tests.e2e.acceptance.job import BAD_LINE, JOBS, Jobs
from tests.e2e.acceptance.sent import PATH as CONVERSATIONS
from tests.e2e.acceptance.sent import Sent, identity
from tests.e2e.acceptance.stack import Stack

Json = dict[str, Any]


@pytest.fixture(scope="module")
def jobs(api: Api, sent: Sent, stack: Stack, insights: Insights) -> Jobs:
    """The jobs of this run. Without the insights of this run, their checks are skipped."""
    assert insights.by_id
    return Jobs(api, sent, stack.timeout_seconds)


@pytest.fixture(scope="module")
def upload(jobs: Jobs) -> str:
    """The id of the uploaded file."""
    return jobs.upload()


@pytest.fixture(scope="module")
def estimated(jobs: Jobs, upload: str) -> Json:
    """The job that has estimated the import."""
    return jobs.ended({"kind": "import", "upload_id": upload, "dry_run": True})


@pytest.fixture(scope="module")
def imported(jobs: Jobs, upload: str, estimated: Json) -> Json:
    """The job that has imported the file."""
    assert estimated["dry_run"]
    return jobs.ended({"kind": "import", "upload_id": upload})


@pytest.fixture(scope="module")
def analysed(api: Api, stack: Stack, sent: Sent, imported: Json) -> list[str]:
    """Return the ids of the imported conversations when all have their insight."""
    if imported["status"] != "completed":
        pytest.skip("the file was not imported")
    deadline = time.monotonic() + stack.timeout_seconds
    ids = [identity(name) for name in sent.imported]
    for one in ids:
        response = read_insight(api, one, deadline)
        assert response.status_code == 200, shown(response)
    return ids


@pytest.fixture(scope="module")
def reanalysed(jobs: Jobs, analysed: list[str]) -> Json:
    """The job that has analysed the imported conversations again."""
    assert analysed
    return jobs.ended({"kind": "reanalysis", "filter": jobs.filter})


def test_an_import_is_estimated_first(api: Api, sent: Sent, estimated: Json) -> None:
    assert estimated["status"] == "completed", estimated["error"]
    estimate = estimated["estimate"]
    assert (estimate["lines"], estimate["unreadable"]) == (len(sent.imported) + 1, 0)
    assert estimate["tokens"] > 500 * len(sent.imported), f"the estimate is {estimate}"
    response = api.get(f"{CONVERSATIONS}/{identity(next(iter(sent.imported)))}")
    assert response.status_code == 404, f"after an estimate only, {shown(response)}"


def test_a_file_is_imported_and_its_bad_line_is_listed(sent: Sent, imported: Json) -> None:
    assert imported["status"] == "completed", imported["error"]
    counts = (imported["counts"]["accepted"], imported["counts"]["rejected"])
    assert counts == (len(sent.imported), 1), f"(accepted, rejected) is {counts}"
    url = imported["rejected_file"]["url"]
    lines = httpx.get(url, timeout=REQUEST_TIMEOUT_SECONDS).text.splitlines()
    numbers = [json.loads(line)["line"] for line in lines]
    assert numbers == [BAD_LINE], f"the rejected lines are {numbers}"


def test_imported_conversations_get_their_insights(
    api: Api, jobs: Jobs, analysed: list[str]
) -> None:
    response = api.get(PATH, limit=100, **jobs.filter)
    assert response.status_code == 200, shown(response)
    found = {item["id"] for item in response.json()["items"]}
    assert found == set(analysed), "the list by their time has other insights"


def test_a_reanalysis_is_estimated_first(jobs: Jobs, analysed: list[str]) -> None:
    job = jobs.ended({"kind": "reanalysis", "filter": jobs.filter, "dry_run": True})
    assert job["status"] == "completed", job["error"]
    assert job["estimate"]["lines"] == len(analysed), f"the estimate is {job['estimate']}"


def test_a_reanalysis_replaces_insights_and_keeps_their_versions(
    api: Api, analysed: list[str], reanalysed: Json
) -> None:
    assert reanalysed["status"] == "completed", reanalysed["error"]
    assert reanalysed["outcomes"]["done"] == len(analysed), reanalysed["outcomes"]
    for one in analysed:
        response = api.get(f"{PATH}/{one}/versions")
        assert response.status_code == 200, shown(response)
        current = [item["current"] for item in response.json()["items"]]
        assert current == [True, False], f"the versions of {one} are {current}"


def test_a_remap_by_the_same_profile_changes_nothing(jobs: Jobs, reanalysed: Json) -> None:
    assert reanalysed["id"]
    job = jobs.ended({"kind": "remap", "filter": jobs.filter})
    assert job["status"] == "completed", job["error"]
    outcomes = job["outcomes"]
    assert (outcomes["done"], outcomes["failed"]) == (0, 0), f"the outcomes are {outcomes}"


def test_an_export_is_one_file_with_the_imported_conversations(
    jobs: Jobs, analysed: list[str], reanalysed: Json
) -> None:
    """The file has nothing but what this run has sent, and is deleted after a week."""
    assert reanalysed["id"]
    job = jobs.ended({"kind": "export", "filter": jobs.filter, "include": ["text"]})
    assert job["status"] == "completed", job["error"]
    response = httpx.get(job["export_file"]["url"], timeout=REQUEST_TIMEOUT_SECONDS)
    assert response.status_code == 200, f"the bucket responds with {response.status_code}"
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert sorted(line["id"] for line in lines) == sorted(analysed), "the file has other insights"
    assert all(line["text"] for line in lines), "a text is missing"


def test_the_counters_equal_a_recount_after_the_jobs(
    api: Api, jobs: Jobs, reanalysed: Json
) -> None:
    assert reanalysed["id"]
    day = jobs.time.date().isoformat()
    query = {"from": f"{day}T00:00:00Z", "to": f"{day}T23:59:59Z", "verify": "true"}
    response = api.get(f"{PATH}/trends", **query)
    assert response.status_code == 200, shown(response)
    difference = response.json().get("difference", {})
    assert not any(difference.values()), f"the difference is {difference}"


def test_the_jobs_are_listed(api: Api, imported: Json, reanalysed: Json) -> None:
    response = api.get(JOBS, limit=100)
    assert response.status_code == 200, shown(response)
    listed = {job["id"] for job in response.json()["items"]}
    assert {imported["id"], reanalysed["id"]} <= listed, "a job of this run is not in the list"
