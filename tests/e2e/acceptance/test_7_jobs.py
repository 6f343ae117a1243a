"""A job on stored insights runs: its state machine, its function and its role.

It is a dry run of a remap, which reads the insights of this run and writes nothing but the job. An
export would leave a file that this run could not delete.
"""

from __future__ import annotations

import time
from typing import Any

from tests.e2e.acceptance.api import Api, shown
from tests.e2e.acceptance.insights import Insights, Window

SECONDS = 120.0
PAUSE_SECONDS = 3.0


def test_a_dry_run_of_a_remap_reads_the_insights_of_this_run(
    api: Api, insights: Insights, window: Window
) -> None:
    body = {"kind": "remap", "dry_run": True, "filter": window.query}
    started = api.post("/api/v1/jobs", body)
    assert started.status_code == 202, shown(started)
    job = ended(api, str(started.json()["id"]))
    assert job["status"] == "completed", f"the job is {job['status']}: {job['error']}"
    completed = len(insights.where("status", "completed"))
    read = job["progress"]["lines_total"]
    assert read >= completed, f"the job has read {read} insights, not {completed}"
    assert job["outcomes"]["done"] == 0, "a dry run has replaced insights"


def ended(api: Api, job_id: str) -> dict[str, Any]:
    """Return a job when it has ended, or as it is after two minutes."""
    deadline = time.monotonic() + SECONDS
    while True:
        response = api.get(f"/api/v1/jobs/{job_id}")
        assert response.status_code == 200, shown(response)
        job: dict[str, Any] = response.json()
        if job["status"] != "running" or time.monotonic() > deadline:
            return job
        time.sleep(PAUSE_SECONDS)
