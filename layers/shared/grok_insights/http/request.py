"""What a request is: its headers, its body, and what a route takes out of it, checked."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from email.message import Message
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import SchemaValidator, ValidationError
from pydantic_core import core_schema as core

from grok_insights.checked import Check, Checked
from grok_insights.errors import (
    BadRequest,
    ContentTooLarge,
    Fault,
    InvalidRequest,
    UnsupportedMediaType,
    faults_of,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent


def header(event: Mapping[str, Any], name: str) -> str:
    """The values of a header, joined as RFC 9110 allows; empty where there is none."""
    given: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    return ", ".join(
        value for key, values in given.items() if key.lower() == name for value in values
    )


JSON: Final = "application/json"
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


BY_ID: Final = {"conversation_id": core.uuid_schema()}
"""The path of one conversation."""

NOTHING: Final[Mapping[str, Check]] = {}


class Takes:
    """Checks a request, and hands its parts to the route by their names.

    Parameters
    ----------
    path : Mapping[str, Check]
        Parts of the path that are more than a text.
    query, body : Checked[Any] | None
        What the query and the body make; None where the route takes none. No name that is not
        known passes in either, so that no misspelt filter passes for no filter.
    """

    def __init__(
        self,
        path: Mapping[str, Check] = NOTHING,
        query: Checked[Any] | None = None,
        body: Checked[Any] | None = None,
    ) -> None:
        self.path, self.query, self.body = path, query, body
        fields = {name: core.typed_dict_field(check) for name, check in path.items()}
        parts: dict[str, Check] = {
            "path": core.typed_dict_schema(fields, extra_behavior="allow"),
            "query": core.typed_dict_schema({}, extra_behavior="forbid"),
        }
        parts |= {"query": query.schema} if query else {}
        parts |= {"body": body.schema} if body else {}
        self._validator = SchemaValidator(
            core.typed_dict_schema(
                {name: core.typed_dict_field(part) for name, part in parts.items()}
            ),
            {"hide_input_in_errors": True},
        )

    def read(self, event: BaseProxyEvent, path: Mapping[str, str]) -> dict[str, Any]:
        """The route's arguments: each part of the path, ``query`` and ``body``.

        Raises
        ------
        BadRequest
            The body is not JSON.
        InvalidRequest
            Something is missing or not acceptable; the faults name all that is.
        """
        sent = {"path": path, "query": _query(event)}
        if self.body and event.body:
            sent["body"] = _strict_json(event.body)
        try:
            read = self._validator.validate_python(sent)
        except ValidationError as error:
            faults = faults_of(error.errors(include_url=False))
            raise InvalidRequest("the request is not valid", faults=faults) from None
        arguments: dict[str, Any] = read["path"]
        if self.query:
            arguments["query"] = read["query"]
        if self.body:
            arguments["body"] = read["body"]
        return arguments


def _query(event: BaseProxyEvent) -> dict[str, str | list[str]]:
    """The query by name: a text, or all texts where a name comes more than once."""
    given = event.resolved_query_string_parameters
    return {name: values[0] if len(values) == 1 else values for name, values in given.items()}


def _strict_json(body: str) -> Any:
    """The value of a JSON text, and of nothing that only Python takes for JSON.

    Raises
    ------
    BadRequest
        It is not JSON, nested too deeply, or holds a number beyond all measure.
    """
    try:
        return json.loads(body, parse_constant=_not_json)
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON", faults=(Fault("body", "is not JSON"),)) from None


def _not_json(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
