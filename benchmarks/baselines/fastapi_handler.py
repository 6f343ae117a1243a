"""Code that both FastAPI baselines use: errors, the rate limit, CORS and Mangum."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse

from benchmarks.baselines.parts import parts
from benchmarks.baselines.responses import limited, problem
from grok_insights.errors import InvalidRequest, RequestError
from grok_insights.validation import faults_of


def count(request: Request, response: Response) -> None:
    """Count a request; a dependency of the routes that have a rate limit."""
    source = request.client.host if request.client else ""
    response.headers.update(limited(parts, source))


def refused(_: Request, error: Exception) -> Response:
    """Return the response to a request that cannot be served."""
    assert isinstance(error, RequestError)
    return JSONResponse(
        problem(error), error.status, error.headers(), media_type="application/problem+json"
    )


def invalid(request: Request, error: Exception) -> Response:
    """Return the response to a request that the models refuse."""
    assert isinstance(error, RequestValidationError)
    faults = faults_of(error.errors())
    return refused(request, InvalidRequest("the request is not valid", faults=faults))


def new_app() -> FastAPI:
    """Return an app that responds to errors as ours does."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(RequestError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    origins = list(parts.settings.cors_allowed_origins)
    app.add_middleware(CORSMiddleware, allow_origins=origins, allow_methods=["*"])
    return app


def new_router() -> APIRouter:
    """Return a router whose routes count for the rate limit."""
    return APIRouter(prefix="/api/v1", dependencies=[Depends(count)])
