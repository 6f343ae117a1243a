"""Fixtures of the checks: the API, the conversations that were sent, and their insights.

A check is skipped if its precondition is missing, so that one fault fails one check.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.acceptance.api import Api
from tests.e2e.acceptance.cloud import Cloud
from tests.e2e.acceptance.insights import Insights, Window
from tests.e2e.acceptance.sent import PATH, Sent
from tests.e2e.acceptance.stack import STACK, Stack

DEFAULT_RETRY_AFTER_SECONDS = 2.0


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Stack:
    """The stack that is checked."""
    return pytestconfig.stash[STACK]


@pytest.fixture(scope="session")
def api(stack: Stack) -> Iterator[Api]:
    """The API, with the key."""
    with Api(stack.url, stack.key) as api:
        yield api


@pytest.fixture(scope="session")
def stranger(stack: Stack) -> Iterator[Api]:
    """The API, without a key."""
    with Api(stack.url, key="") as api:
        yield api


@pytest.fixture(scope="session")
def sent(api: Api) -> Iterator[Sent]:
    """Yield the conversations of this run, and delete them at the end, even after a failure."""
    sent = Sent(uuid4().hex[:12])
    yield sent
    left = sent.erase(api)
    reasons = "; ".join(f"{one} ({why})" for one, why in left.items())
    assert not left, f"these conversations could not be deleted: {reasons}"


@pytest.fixture(scope="session")
def single(api: Api, sent: Sent) -> httpx.Response:
    """The response to one conversation."""
    return api.post(PATH, sent.conversation(0))


@pytest.fixture(scope="session")
def bulk(api: Api, sent: Sent) -> httpx.Response:
    """The response to several conversations in one request, one of them invalid."""
    return api.post(f"{PATH}/bulk", {"conversations": sent.bulk()})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The insights of this run by id, and the last responses for those that are missing."""

    insights: dict[str, dict[str, Any]]
    waiting: dict[str, httpx.Response]


@pytest.fixture(scope="session")
def outcome(
    stack: Stack, api: Api, sent: Sent, single: httpx.Response, bulk: httpx.Response
) -> Outcome:
    """Wait until every conversation has its insight, within the stack's time limit."""
    if not single.is_success or not bulk.is_success:
        pytest.skip("the conversations of this run were not accepted")
    deadline = time.monotonic() + stack.timeout_seconds
    found, waiting = {}, {}
    for one in sent.texts:
        response = read_insight(api, one, deadline)
        if response.status_code == HTTPStatus.OK:
            found[one] = response.json()
        else:
            waiting[one] = response
    return Outcome(found, waiting)


def read_insight(api: Api, identity: str, deadline: float) -> httpx.Response:
    """Request an insight until it exists; after the deadline, once."""
    while True:
        response = api.get(f"/api/v1/insights/{identity}")
        left = deadline - time.monotonic()
        if response.status_code != HTTPStatus.ACCEPTED or left <= 0:
            return response
        asked = response.headers.get("retry-after", "")
        time.sleep(min(float(asked) if asked.isdecimal() else DEFAULT_RETRY_AFTER_SECONDS, left))


@pytest.fixture(scope="session")
def insights(outcome: Outcome) -> Insights:
    """The insights of this run."""
    if outcome.waiting:
        pytest.skip("not all conversations of this run have an insight")
    return Insights(outcome.insights)


@pytest.fixture(scope="session")
def window(insights: Insights) -> Window:
    """The smallest range of time with all insights of this run."""
    times = insights.times
    return Window(min(times), max(times) + timedelta(milliseconds=1))


@pytest.fixture(scope="session")
def cloud(stack: Stack) -> Cloud:
    """The stack's resources, where its name and credentials are known."""
    if not stack.name:
        pytest.skip("no STACK_NAME says which CloudFormation stack it is")
    return Cloud.of(stack.name)


@pytest.fixture(scope="session")
def cloud_on_aws(cloud: Cloud) -> Cloud:
    """The stack's resources, where they are in AWS itself."""
    if cloud.is_emulated:
        pytest.skip("this stack runs on an emulator, which lacks this")
    return cloud
