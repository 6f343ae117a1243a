"""What every answer has in common: how it may be cached, compressed and shown."""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

from grok_insights.http.answers import ALWAYS_ASK, NEVER_KEEP
from grok_insights.http.headers import header

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


def finished(answer: Answer, event: dict[str, Any]) -> Answer:
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
    if headers.setdefault("Cache-Control", [ALWAYS_ASK]) == [NEVER_KEEP]:
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
