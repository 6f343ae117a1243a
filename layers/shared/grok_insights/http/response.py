"""Responses: how they are made, and what all of them have in common: caching and compression."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.event_handler import Response

from grok_insights.errors import RequestError
from grok_insights.http.request import JSON, header

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

    from grok_insights.bodies.problem import ProblemBody

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

ProxyResult = dict[str, Any]
"""A response in the form that API Gateway takes."""

Headers = Mapping[str, str]
NONE: Final[Headers] = {}


def json_response(
    status: HTTPStatus, body: Mapping[str, Any] | str, headers: Headers = NONE
) -> Response[str]:
    """Return a response in JSON. A text is taken for JSON that is made already."""
    content = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
    return Response(int(status), JSON, content, headers={**headers})


def text_response(media_type: str, content: str, *, cache: str) -> Response[str]:
    """Return a text of some media type, with the value of its ``Cache-Control``."""
    return Response(HTTPStatus.OK, media_type, content, headers={"Cache-Control": cache})


def page(html: str, path: str, *, styles: str = "") -> Response[str]:
    """Return a web page that may load and call nothing but what comes from its own origin.

    Under a path with a slash at its end its relative addresses would be wrong: the client is
    redirected to the path without it. ``styles`` are more sources of styles for its content
    security policy.
    """
    if path.endswith("/"):
        return redirect(f"../{path.strip('/')}", HTTPStatus.PERMANENT_REDIRECT)
    headers = {name: value.format(styles=styles) for name, value in PAGE_HEADERS.items()}
    return Response(
        HTTPStatus.OK, HTML, html, headers={**headers, "Cache-Control": PUBLIC_REVALIDATED}
    )


def redirect(location: str, status: HTTPStatus = HTTPStatus.FOUND) -> Response[str]:
    """Return a redirect. The location is relative: the prefix of the stage is not known here."""
    return Response(status, headers={"Location": location}, body="")


def problem_body(error: RequestError) -> ProblemBody:
    """Return an error as RFC 9457 problem details."""
    body: ProblemBody = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    if error.faults:
        body["errors"] = [
            {"location": fault.location, "message": fault.message} for fault in error.faults
        ]
    return body


def problem(error: RequestError) -> Response[str]:
    """Return the response that tells a client what went wrong."""
    content = json.dumps(problem_body(error))
    headers = {"Cache-Control": NO_STORE, **error.headers()}
    return Response(error.status, PROBLEM, content, headers={**headers})


def to_proxy_result(response: Response[str]) -> ProxyResult:
    """Return a response in the form that API Gateway takes."""
    headers = {name: [str(value)] for name, value in response.headers.items()}
    return {
        "statusCode": response.status_code,
        "body": response.body,
        "isBase64Encoded": False,
        "multiValueHeaders": headers,
    }


SMALL: Final = 1_400
"""Bytes that fit one network packet anyway; anything longer is compressed."""

COMMON: Final = {
    "Strict-Transport-Security": "max-age=31536000",
    "Vary": "Accept-Encoding, Origin",
    "X-Content-Type-Options": "nosniff",
}
REFUSES_GZIP: Final = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")


def finish_response(response: ProxyResult, request: APIGatewayProxyEvent) -> ProxyResult:
    """Return the response as it goes out to the client of this request."""
    headers: dict[str, list[str]] = response["multiValueHeaders"]
    headers.update({name: [value] for name, value in COMMON.items()})
    method = request.http_method
    if method in {"GET", "HEAD"} and response["statusCode"] == HTTPStatus.OK:
        response = _conditional(response, header(request, "if-none-match"))
    if method == "HEAD":
        return {**response, "body": "", "isBase64Encoded": False}
    return _compressed(response, request)


def _conditional(response: ProxyResult, if_none_match: str) -> ProxyResult:
    """Return the response with its ETag, or 304 where the client has it already.

    The tag is a weak one, for it stands for the compressed response too.
    """
    headers: dict[str, list[str]] = response["multiValueHeaders"]
    if headers.setdefault("Cache-Control", [PRIVATE_REVALIDATED]) == [NO_STORE]:
        return response
    tag = f'"{sha256(response["body"].encode()).hexdigest()[:32]}"'
    headers["ETag"] = [f"W/{tag}"]
    if if_none_match.strip() == "*" or tag in re.findall(r'"[^"]*"', if_none_match):
        del headers["Content-Type"]
        return {**response, "statusCode": int(HTTPStatus.NOT_MODIFIED), "body": ""}
    return response


def _compressed(response: ProxyResult, request: APIGatewayProxyEvent) -> ProxyResult:
    """Return the response in gzip, where it is large and the client accepts it.

    API Gateway turns base64 into bytes only for clients that say what they accept.
    """
    content = (response["body"] or "").encode()
    encodings = header(request, "accept-encoding").lower()
    accepts = "gzip" in encodings and not REFUSES_GZIP.search(encodings)
    if len(content) <= SMALL or not accepts or not header(request, "accept"):
        return response
    response["multiValueHeaders"]["Content-Encoding"] = ["gzip"]
    packed = b64encode(gzip.compress(content, compresslevel=6, mtime=0)).decode()
    return {**response, "body": packed, "isBase64Encoded": True}
