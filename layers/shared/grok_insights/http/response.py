"""Responses: how they are made, and what all of them have in common: caching and compression."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response

from grok_insights.errors import RequestError
from grok_insights.http.request import JSON, header

PROBLEM: Final = "application/problem+json"
HTML: Final = "text/html; charset=utf-8"

PRIVATE_REVALIDATED: Final = "private, no-cache"
PUBLIC_REVALIDATED: Final = "public, no-cache"
"""A client may keep the response, but asks each time, by its ETag, whether it has changed."""

NO_STORE: Final = "no-store"

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
        HTTPStatus.OK, HTML, html, headers={**headers, "Cache-Control": PUBLIC_REVALIDATED}
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
    headers = {"Cache-Control": NO_STORE, **error.headers()}
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


SMALL: Final = 1_400
"""Bytes that fit one network packet anyway; anything longer is compressed."""

COMMON: Final = {
    "Strict-Transport-Security": "max-age=31536000",
    "Vary": "Accept-Encoding, Origin",
    "X-Content-Type-Options": "nosniff",
}
REFUSES_GZIP: Final = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")

Answer = dict[str, Any]
"""An answer in the form that API Gateway wants."""


def finish_response(answer: Answer, event: dict[str, Any]) -> Answer:
    """The answer as it goes out to the client of this event."""
    headers: dict[str, list[str]] = answer["multiValueHeaders"]
    headers.update({name: [value] for name, value in COMMON.items()})
    if event["httpMethod"] in {"GET", "HEAD"} and answer["statusCode"] == HTTPStatus.OK:
        answer = _conditional(answer, header(event, "if-none-match"))
    if event["httpMethod"] == "HEAD":
        return {**answer, "body": "", "isBase64Encoded": False}
    return _compressed(answer, event)


def _conditional(answer: Answer, if_none_match: str) -> Answer:
    """The answer with its ETag, or 304 where that is what the client has already.

    The tag is a weak one, for it stands for the compressed answer too.
    """
    headers: dict[str, list[str]] = answer["multiValueHeaders"]
    if headers.setdefault("Cache-Control", [PRIVATE_REVALIDATED]) == [NO_STORE]:
        return answer
    tag = f'"{sha256(answer["body"].encode()).hexdigest()[:32]}"'
    headers["ETag"] = [f"W/{tag}"]
    if if_none_match.strip() == "*" or tag in re.findall(r'"[^"]*"', if_none_match):
        del headers["Content-Type"]
        return {**answer, "statusCode": int(HTTPStatus.NOT_MODIFIED), "body": ""}
    return answer


def _compressed(answer: Answer, event: dict[str, Any]) -> Answer:
    """The answer in gzip, where it is large and the client takes it.

    API Gateway turns base64 into bytes only for clients that say what they accept.
    """
    content = (answer["body"] or "").encode()
    encodings = header(event, "accept-encoding").lower()
    accepts = "gzip" in encodings and not REFUSES_GZIP.search(encodings)
    if len(content) <= SMALL or not accepts or not header(event, "accept"):
        return answer
    answer["multiValueHeaders"]["Content-Encoding"] = ["gzip"]
    packed = b64encode(gzip.compress(content, compresslevel=6, mtime=0)).decode()
    return {**answer, "body": packed, "isBase64Encoded": True}
