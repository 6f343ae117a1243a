"""Requests: headers, bodies, and the models that check a route's arguments."""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import ValidationError

from grok_insights.errors import (
    BadRequest,
    ContentTooLarge,
    Fault,
    InvalidRequest,
    UnsupportedMediaType,
)
from grok_insights.validation import MAX_FAULTS, Model, fault, faults_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

JSON: Final = "application/json"

MAX_BODY_BYTES: Final = 4_500_000
"""API Gateway accepts 10 MB, but a function only 6 MB, and it receives a body in base64.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

MAX_BODY_DEPTH: Final = 4_000
"""About how many levels of objects and arrays a body may have. It is far above the limits of the
fields, so that a body with one bad field can still be read."""


def header(request: APIGatewayProxyEvent, name: str) -> str:
    """Return the values of a header, joined as RFC 9110 allows; empty if there is none."""
    return ", ".join(request.multi_value_headers.get(name, []))


def body_text(request: APIGatewayProxyEvent) -> str:
    """Return the body of a request as a text.

    Raises
    ------
    ContentTooLarge, UnsupportedMediaType, BadRequest
        The body cannot be read.
    """
    _check_media_type(header(request, "content-type"))
    if header(request, "content-encoding").strip().lower() not in {"", "identity"}:
        raise UnsupportedMediaType("the body must not be compressed")
    body, encoded = request.body or "", bool(request.is_base64_encoded)
    size = len(body) * 3 // 4 if encoded else len(body.encode(errors="replace"))
    if size > MAX_BODY_BYTES:
        raise ContentTooLarge(f"the body must have at most {MAX_BODY_BYTES} bytes")
    return _decoded(body) if encoded else body


def _check_media_type(content_type: str) -> None:
    message = Message()
    message["Content-Type"] = content_type or JSON
    if message.get_content_type() != JSON:
        raise UnsupportedMediaType("the body must be application/json")
    if message.get_content_charset("utf-8") not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType("the body must be in UTF-8")


def _decoded(body: str) -> str:
    try:
        return b64decode(body).decode()
    except ValueError:
        raise BadRequest("the body is not UTF-8", faults=(Fault("body", "is not UTF-8"),)) from None


class Nothing(Model):
    """The query of a route without parameters. A misspelt name is an error, and not ignored."""


class RequestModels:
    """Checks each part of a request with a model.

    Parameters
    ----------
    path : type[Model] | None
        The parameters of the path; None if any text is allowed.
    query : type[Model]
        The query.
    body : type[Model] | None
        The body; None if the route has none.
    """

    def __init__(
        self,
        path: type[Model] | None = None,
        query: type[Model] = Nothing,
        body: type[Model] | None = None,
    ) -> None:
        self.path, self.query, self.body = path, query, body

    def read(self, request: APIGatewayProxyEvent, path: Mapping[str, str]) -> dict[str, Any]:
        """Return the route's arguments: each parameter of the path, ``query`` and ``body``.

        Raises
        ------
        ContentTooLarge, UnsupportedMediaType, BadRequest
            The body cannot be read, or is not JSON.
        InvalidRequest
            Fields are missing or not valid. The faults name the first five of them.
        """
        body = self._body(request)
        parts = (self._path(path), self._query(request), body)
        faults = [found for part in parts for found in part.faults]
        if faults:
            raise InvalidRequest("the request is not valid", faults=tuple(faults[:MAX_FAULTS]))
        return {name: value for part in parts for name, value in part.arguments.items()}

    def _path(self, path: Mapping[str, str]) -> _Part:
        if self.path is None:
            return _Part(dict(path))
        checked = _checked(self.path, "path", path)
        return _Part(dict(checked.arguments.get("path", ())), checked.faults)

    def _query(self, request: APIGatewayProxyEvent) -> _Part:
        parameters = request.resolved_query_string_parameters
        repeated = tuple(
            fault("must be given once", "query", name)
            for name, values in parameters.items()
            if len(values) > 1
        )
        sent = {name: values[0] for name, values in parameters.items()}
        checked = _checked(self.query, "query", sent)
        arguments = {} if self.query is Nothing else checked.arguments
        return _Part(arguments, repeated + checked.faults)

    def _body(self, request: APIGatewayProxyEvent) -> _Part:
        if self.body is None:
            return _Part({})
        sent = body_text(request)
        if not sent:
            return _Part({}, (Fault("body", "is missing"),))
        return _checked(self.body, "body", _parsed(sent))


class _Part(NamedTuple):
    """The arguments of a route from a part of a request, and the faults of the part."""

    arguments: dict[str, Any]
    faults: tuple[Fault, ...] = ()


def _checked(model: type[Model], part: str, sent: object) -> _Part:
    """Return the checked model under the name of the part, or the faults."""
    try:
        return _Part({part: model.model_validate(sent)})
    except ValidationError as error:
        return _Part({}, faults_of(error.errors(include_url=False, include_input=False), part))


def _parsed(body: str) -> Any:
    """Return the value of a JSON text. Python's extensions of JSON are refused.

    Raises
    ------
    BadRequest
        It is not JSON, is nested too deeply, or contains a number of more than 4,300 digits.
    """
    try:
        with _deep_nesting():
            return json.loads(body, parse_constant=_not_json)
    except RecursionError:
        faults = (Fault("body", "is nested too deeply"),)
        raise BadRequest("the body is nested too deeply", faults=faults) from None
    except ValueError:
        raise BadRequest("the body is not JSON", faults=(Fault("body", "is not JSON"),)) from None


@contextmanager
def _deep_nesting() -> Iterator[None]:
    """Raise Python's recursion limit, which is 1,000: each level of JSON counts as one call."""
    previous = sys.getrecursionlimit()
    sys.setrecursionlimit(max(previous, MAX_BODY_DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit(previous)


def _not_json(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
