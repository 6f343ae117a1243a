"""Rules that the API description cannot express, for requests that are meant to be valid.

OpenAPI cannot express "a cursor that a response returned", "`from` is before `to`, by at most a
year", or "from 2000 to a day ahead". Requests that are meant to be invalid stay as they were
generated.
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
    """Correct a request that only the description calls valid, and give it a new address."""
    kwargs["auth"] = _from_a_new_address
    if case.meta is not None and case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if case.path == "/api/v1/insights" and case.query:
        case.query.pop("cursor", None)
        _put_in_order(case.query)
    if case.path == "/api/v1/insights/trends" and case.query:
        _put_range_right(case.query)
    if case.path in {"/api/v1/insights/movers", "/api/v1/overview"} and case.query:
        _put_period_right(case.query)
    if case.path == "/api/v1/conversations" and isinstance(case.body, dict):
        _put_times_right(case.body)
    if case.path_parameters and case.path_parameters.get("conversation_id") in {None, "None"}:
        # The id of a rejected conversation is null, which the tool uses as an id.
        case.path_parameters["conversation_id"] = str(AN_ID)


def _from_a_new_address(request: PreparedRequest) -> PreparedRequest:
    """Use a new address, to avoid the rate limit.

    It is set on the request: the tool does not know it.
    """
    number = next(_addresses)
    request.headers["X-Forwarded-For"] = f"203.0.{number // 250 % 250}.{number % 250 + 1}"
    return request


def _put_in_order(query: Any) -> None:
    """Make the range of a list not end before it starts."""
    first, last = query.get("from"), query.get("to")
    if first and last and datetime.fromisoformat(first) > datetime.fromisoformat(last):
        query["from"], query["to"] = last, first


def _put_times_right(conversation: dict[str, Any]) -> None:
    """Make a conversation and its messages not take place in the future or before 2001."""
    messages = conversation.get("messages") or []
    timed = [(conversation, "occurred_at"), *((message, "at") for message in messages)]
    for one, name in timed:
        at = one.get(name)
        if at and not "2001" <= at[:4] <= "2025":
            one[name] = f"2024{at[4:]}"


def _put_range_right(query: Any) -> None:
    """Make the range a few hours long; within today if it is recounted.

    Fields and segments are counted by day only.
    """
    if query.get("by", "topic") != "topic":
        query["interval"] = "day"
    if query.get("verify") in {True, "true"}:
        query["from"] = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    if query.get("from") is None:
        query.pop("to", None)
        return
    start = datetime.fromisoformat(query["from"])
    start = start.replace(year=min(max(start.year, 3), 9000))
    query["from"] = start.isoformat()
    query["to"] = (start + timedelta(hours=3)).isoformat()


def _put_period_right(query: Any) -> None:
    """Make the period a few hours long, and end in the past."""
    if query.get("from") is None:
        query.pop("to", None)
        return
    start = datetime.fromisoformat(query["from"]).replace(year=2020)
    query["from"] = start.isoformat()
    query["to"] = (start + timedelta(hours=3)).isoformat()
