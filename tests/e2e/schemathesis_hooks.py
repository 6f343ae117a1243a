"""What the description of the API cannot say, for requests that are meant to be valid.

OpenAPI has no words for "a cursor that an answer gave out", nor for "`from` lies before `to`, a
year at the most". Requests that are meant to be wrong stay as they were generated.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import schemathesis
from requests import PreparedRequest
from schemathesis import Case, GenerationMode, HookContext

AN_ID = UUID(int=1)
_addresses = count()


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Put right what is valid by the description alone, from a new address for each request."""
    kwargs["auth"] = _from_a_new_address
    if case.meta is not None and case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if case.path == "/api/v1/insights" and case.query:
        case.query.pop("cursor", None)
        _put_in_order(case.query)
    if case.path == "/api/v1/insights/trends" and case.query:
        _put_range_right(case.query)
    if case.path_parameters and case.path_parameters.get("conversation_id") in {None, "None"}:
        # The id of a rejected conversation is null, which the tool goes on with as an id.
        case.path_parameters["conversation_id"] = str(AN_ID)


def _from_a_new_address(request: PreparedRequest) -> PreparedRequest:
    """Keep clear of the rate limit. Set on the request itself: the tool knows nothing of it."""
    number = next(_addresses)
    request.headers["X-Forwarded-For"] = f"203.0.{number // 250 % 250}.{number % 250 + 1}"
    return request


def _put_in_order(query: Any) -> None:
    """Let the range of a list not end before it begins."""
    first, last = query.get("from"), query.get("to")
    if first and last and datetime.fromisoformat(first) > datetime.fromisoformat(last):
        query["from"], query["to"] = last, first


def _put_range_right(query: Any) -> None:
    """Let the range be one of a few hours; of today, where it is recounted."""
    if query.get("verify") in {True, "true"}:
        query["from"] = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    if query.get("from") is None:
        query.pop("to", None)
        return
    start = datetime.fromisoformat(query["from"])
    start = start.replace(year=min(max(start.year, 3), 9000))
    query["from"] = start.isoformat()
    query["to"] = (start + timedelta(hours=3)).isoformat()
