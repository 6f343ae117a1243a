"""The body of a request: JSON in UTF-8, not compressed, and no larger than a function can take."""

from __future__ import annotations

from base64 import b64decode
from email.message import Message
from typing import Any, Final

from grok_insights.errors import BadRequest, ContentTooLarge, Fault, UnsupportedMediaType
from grok_insights.http.answers import JSON
from grok_insights.http.headers import header

CONTENT: Final = "content-type"

MAX_BODY_BYTES: Final = 4_500_000
"""API Gateway takes 10 MB, but a function only 6 MB, and a body reaches it in base64.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


def with_text_body(event: dict[str, Any]) -> dict[str, Any]:
    """The event with its body as a text.

    Raises
    ------
    ContentTooLarge, UnsupportedMediaType, BadRequest
        The body is not one that can be read.
    """
    _check_media_type(header(event, CONTENT))
    if header(event, "content-encoding").strip().lower() not in {"", "identity"}:
        raise UnsupportedMediaType("the body must not be compressed")
    body = event["body"] or ""
    size = len(body) * 3 // 4 if event["isBase64Encoded"] else len(body.encode(errors="replace"))
    if size > MAX_BODY_BYTES:
        raise ContentTooLarge(f"the body must have at most {MAX_BODY_BYTES} bytes")
    # The resolver knows the media type only in lower case.
    headers = {name: value for name, value in event["headers"].items() if name.lower() != CONTENT}
    headers[CONTENT] = JSON
    return {**event, "headers": headers, "body": _text(event, body), "isBase64Encoded": False}


def _check_media_type(content_type: str) -> None:
    message = Message()
    message["Content-Type"] = content_type or JSON
    if message.get_content_type() != JSON:
        raise UnsupportedMediaType("the body must be application/json")
    if message.get_content_charset("utf-8") not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType("the body must be in UTF-8")


def _text(event: dict[str, Any], body: str) -> str:
    if not event["isBase64Encoded"]:
        return body
    try:
        return b64decode(body).decode()
    except ValueError:
        raise BadRequest("the body is not UTF-8", faults=(Fault("body", "is not UTF-8"),)) from None
