"""Builds responses, and adds caching, compression and the headers of all responses."""

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
"""A client may cache the response, but must check by its ETag each time whether it has changed."""

NO_STORE: Final = "no-store"

PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' {styles}; img-src 'self' data:; "
        "connect-src 'self' {connects}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}

ProxyResult = dict[str, Any]
"""A response in the format of API Gateway's proxy integration."""

Headers = Mapping[str, str]
NO_HEADERS: Final[Headers] = {}


def json_response(
    status: HTTPStatus, body: Mapping[str, Any] | str, headers: Headers = NO_HEADERS
) -> Response[str]:
    """Return a response in JSON. A body that is a string must be JSON already."""
    content = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
    return Response(int(status), JSON, content, headers={**headers})


def text_response(media_type: str, content: str, *, cache: str) -> Response[str]:
    """Return a response with a text. ``cache`` is the value of ``Cache-Control``."""
    return Response(HTTPStatus.OK, media_type, content, headers={"Cache-Control": cache})


def page(html: str, path: str, *, styles: str = "", connects: str = "") -> Response[str]:
    """Return a web page that may load and call only its own origin.

    If the path ends with a slash, the page's relative addresses would be wrong, so the client is
    redirected to the path without it. ``styles`` are further sources of styles for the content
    security policy, and ``connects`` are further origins that the page may call.
    """
    if path.endswith("/"):
        return redirect(f"../{path.strip('/')}", HTTPStatus.PERMANENT_REDIRECT)
    sources = {"styles": styles, "connects": connects}
    headers = {name: value.format(**sources) for name, value in PAGE_HEADERS.items()}
    return Response(
        HTTPStatus.OK, HTML, html, headers={**headers, "Cache-Control": PUBLIC_REVALIDATED}
    )


def redirect(location: str, status: HTTPStatus = HTTPStatus.FOUND) -> Response[str]:
    """Return a redirect. The location is relative, since the stage's prefix is not known here."""
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
    """Return the response with the problem details of an error."""
    content = json.dumps(problem_body(error))
    headers = {"Cache-Control": NO_STORE, **error.headers()}
    return Response(error.status, PROBLEM, content, headers={**headers})


def to_proxy_result(response: Response[str]) -> ProxyResult:
    """Return a response in the format of API Gateway's proxy integration."""
    headers = {name: [str(value)] for name, value in response.headers.items()}
    return {
        "statusCode": response.status_code,
        "body": response.body,
        "isBase64Encoded": False,
        "multiValueHeaders": headers,
    }


UNCOMPRESSED_BYTES: Final = 1_400
"""The largest body that is not compressed, since it fits one network packet."""

COMMON_HEADERS: Final = {
    "Strict-Transport-Security": "max-age=31536000",
    "Vary": "Accept-Encoding, Origin",
    "X-Content-Type-Options": "nosniff",
}
REFUSES_GZIP: Final = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")


def finish_response(response: ProxyResult, request: APIGatewayProxyEvent) -> ProxyResult:
    """Return the response with common headers and ETag, and compressed if the client accepts it."""
    headers: dict[str, list[str]] = response["multiValueHeaders"]
    headers.update({name: [value] for name, value in COMMON_HEADERS.items()})
    method = request.http_method
    if method in {"GET", "HEAD"} and response["statusCode"] == HTTPStatus.OK:
        response = _conditional(response, header(request, "if-none-match"))
    if method == "HEAD":
        return {**response, "body": "", "isBase64Encoded": False}
    return _compressed(response, request)


def etag(body: str) -> str:
    """Return the weak ETag of a body."""
    return f'W/"{sha256(body.encode()).hexdigest()[:32]}"'


def names_etag(condition: str, body: str) -> bool:
    """Return whether the value of ``If-None-Match`` or ``If-Match`` names the ETag of a body.

    Tags are compared without the mark of a weak one: clients have no other.
    """
    return _is_named(etag(body), condition)


def _is_named(tag: str, condition: str) -> bool:
    named = condition.strip()
    return named == "*" or tag.removeprefix("W/") in re.findall(r'"[^"]*"', named)


def _conditional(response: ProxyResult, if_none_match: str) -> ProxyResult:
    """Return the response with its ETag, or 304 if the client has it already.

    The ETag is weak, since the compressed response has the same one.
    """
    headers: dict[str, list[str]] = response["multiValueHeaders"]
    if headers.setdefault("Cache-Control", [PRIVATE_REVALIDATED]) == [NO_STORE]:
        return response
    tag = etag(response["body"])
    headers["ETag"] = [tag]
    if _is_named(tag, if_none_match):
        del headers["Content-Type"]
        return {**response, "statusCode": int(HTTPStatus.NOT_MODIFIED), "body": ""}
    return response


def _compressed(response: ProxyResult, request: APIGatewayProxyEvent) -> ProxyResult:
    """Return the response compressed with gzip, if it is large and the client accepts that.

    API Gateway decodes base64 only for clients that send ``Accept``.
    """
    content = (response["body"] or "").encode()
    encodings = header(request, "accept-encoding").lower()
    accepts = "gzip" in encodings and not REFUSES_GZIP.search(encodings)
    if len(content) <= UNCOMPRESSED_BYTES or not accepts or not header(request, "accept"):
        return response
    response["multiValueHeaders"]["Content-Encoding"] = ["gzip"]
    compressed = b64encode(gzip.compress(content, compresslevel=6, mtime=0)).decode()
    return {**response, "body": compressed, "isBase64Encoded": True}
