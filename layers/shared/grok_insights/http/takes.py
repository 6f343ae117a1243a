"""What a route takes out of a request, checked: its path, its query and its body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import SchemaValidator, ValidationError
from pydantic_core import core_schema as core

from grok_insights.checked import Check, Checked
from grok_insights.errors import BadRequest, Fault, InvalidRequest, faults_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

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
