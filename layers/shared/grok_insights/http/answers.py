"""Answers: JSON, text and pages, and problem+json for errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response

from grok_insights.errors import RequestError

PROBLEM: Final = "application/problem+json"
JSON: Final = "application/json"
HTML: Final = "text/html; charset=utf-8"

ALWAYS_ASK: Final = "private, no-cache"
"""A client may keep the answer, but asks each time whether it has changed."""

NEVER_KEEP: Final = "no-store"

PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' {styles}; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}

Headers = Mapping[str, str]
NONE: Final[Headers] = {}


def json_response(status: HTTPStatus, body: Any, headers: Headers = NONE) -> Response[str]:
    """An answer in JSON. A text is taken for JSON that is made already."""
    content = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
    return Response(int(status), JSON, content, headers={**headers})


def text_response(media_type: str, content: str, *, cache: str) -> Response[str]:
    """A text of some media type, with what its ``Cache-Control`` says."""
    return Response(HTTPStatus.OK, media_type, content, headers={"Cache-Control": cache})


def page(html: str, path: str, *, styles: str = "") -> Response[str]:
    """A web page that may load and call nothing but what comes from its own origin.

    Under a path with a slash at its end its relative addresses would be wrong: a client is sent to
    where it is. ``styles`` are more sources of styles for its content security policy.
    """
    if path.endswith("/"):
        home = f"../{path.strip('/')}"
        return Response(HTTPStatus.PERMANENT_REDIRECT, headers={"Location": home}, body="")
    headers = {name: value.format(styles=styles) for name, value in PAGE_HEADERS.items()}
    return Response(
        HTTPStatus.OK, HTML, html, headers={**headers, "Cache-Control": "public, no-cache"}
    )


def problem_body(error: RequestError) -> dict[str, Any]:
    """An error as RFC 9457 problem details."""
    faults = [{"location": fault.location, "message": fault.message} for fault in error.faults]
    return {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        **({"errors": faults} if faults else {}),
    }


def problem(error: RequestError) -> Response[str]:
    """The answer that tells a client what went wrong."""
    content = json.dumps(problem_body(error))
    headers = {"Cache-Control": NEVER_KEEP, **error.headers()}
    return Response(error.status, PROBLEM, content, headers={**headers})


def to_proxy_result(response: Response[str]) -> dict[str, Any]:
    """A response in the form that API Gateway wants."""
    return {
        "statusCode": response.status_code,
        "body": response.body,
        "isBase64Encoded": False,
        "multiValueHeaders": {
            "Content-Type": [response.content_type],
            **{name: [value] for name, value in response.headers.items()},
        },
    }
