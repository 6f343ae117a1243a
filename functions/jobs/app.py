"""The jobs function: each route parses the request, calls the use case and maps the result."""

from __future__ import annotations

from grok_insights.startup import ready

# isort: split
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths

from grok_insights import wiring
from grok_insights.domain.job import Job, NewJob
from grok_insights.http import HttpHandler, Router, json_response
from grok_insights.http.response import NO_STORE
from grok_insights.jobs.manage import ByJob, JobsQuery, ManageJobs
from grok_insights.jobs.uploads import ByUpload, NewUpload
from grok_insights.telemetry import logger
from grok_insights.wiring import Parts

if TYPE_CHECKING:
    from grok_insights.bodies.jobs import StartedJobBody

NOT_CACHED = {"Cache-Control": NO_STORE}

router = Router[ManageJobs]()


@router.post("/api/v1/uploads", body=NewUpload)
def begin_upload(use_case: ManageJobs, body: NewUpload) -> Response[str]:
    """Begin the upload of a file."""
    upload = use_case.uploads.begin(body)
    headers = {"Location": f"uploads/{upload['id']}", **NOT_CACHED}
    return json_response(HTTPStatus.CREATED, upload, headers)


@router.get("/api/v1/uploads/<upload_id>", parameters=ByUpload)
def upload(use_case: ManageJobs, upload_id: UUID) -> Response[str]:
    """Return an upload, with the addresses of the next missing parts."""
    return json_response(HTTPStatus.OK, use_case.uploads.get(str(upload_id)), NOT_CACHED)


@router.post("/api/v1/jobs", body=NewJob)
def start(use_case: ManageJobs, body: NewJob) -> Response[str]:
    """Start a job."""
    job = use_case.start(body)
    return json_response(HTTPStatus.ACCEPTED, _started(job), {"Location": f"jobs/{job.id}"})


@router.get("/api/v1/jobs", query=JobsQuery)
def jobs(use_case: ManageJobs, query: JobsQuery) -> Response[str]:
    """List the newest jobs."""
    return json_response(HTTPStatus.OK, use_case.newest(query.limit), NOT_CACHED)


@router.get("/api/v1/jobs/<job_id>", parameters=ByJob)
def job(use_case: ManageJobs, job_id: UUID) -> Response[str]:
    """Return a job and its progress."""
    return json_response(HTTPStatus.OK, use_case.get(str(job_id)), NOT_CACHED)


@router.post("/api/v1/jobs/<job_id>/cancel", parameters=ByJob)
def cancel(use_case: ManageJobs, job_id: UUID) -> Response[str]:
    """Cancel a running job."""
    return json_response(HTTPStatus.ACCEPTED, _started(use_case.cancel(str(job_id))))


@router.post("/api/v1/jobs/<job_id>/start", parameters=ByJob)
def start_again(use_case: ManageJobs, job_id: UUID) -> Response[str]:
    """Start a job again that failed or was cancelled."""
    return json_response(HTTPStatus.ACCEPTED, _started(use_case.start_again(str(job_id))))


def _started(job: Job) -> StartedJobBody:
    return {"id": job.id, "kind": job.kind, "status": job.status}


def create_app(parts: Parts) -> HttpHandler[ManageJobs]:
    """Return the handler of the function's requests."""
    return wiring.http_handler(router, wiring.jobs(parts), parts)


app = create_app(wiring.parts())

ready()


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Process one request from API Gateway, and return the response."""
    return app(event, context)
