"""The spending of a day equals what was billed, whatever happens to requests and responses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from botocore.session import get_session
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from grok_insights.aws.state.spending import DailySpending
from grok_insights.wiring import Parts
from tests.functional.conftest import Clock, make_parts
from tests.functional.lost_responses import lost_requests, lost_responses

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DAY = "2026-11-23"
BUDGET = 1_000


def spent(parts: Parts) -> int:
    ticks = parts.pauses.read(parts.now()).spent_ticks
    assert ticks is not None
    return ticks


def item(parts: Parts) -> dict[str, Any]:
    key = {"id": {"S": f"spend#{DAY}"}}
    return dict(
        parts.dynamodb.get_item(TableName=parts.settings.state_table, Key=key).get("Item", {})
    )


def without_retries() -> DynamoDBClient:
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    client: DynamoDBClient = get_session().create_client("dynamodb", config=config)  # type: ignore[assignment]
    return client


@pytest.fixture
def impatient(parts: Parts) -> Iterator[DailySpending]:
    """Return spending with a client that never retries, so that each fault reaches our code."""
    client = without_retries()
    yield replace(parts.spending, client=client)
    client.close()


def test_a_reservation_whose_response_is_lost_counts_once(parts: Parts) -> None:
    with lost_responses(parts.dynamodb, "UpdateItem") as lost:
        reservation = parts.spending.reserve(DAY, 300, BUDGET)
    assert (len(lost), spent(parts)) == (1, 300)
    assert reservation is not None


def test_a_reservation_that_used_the_budget_up_holds_although_its_response_is_lost(
    parts: Parts,
) -> None:
    with lost_responses(parts.dynamodb, "UpdateItem"):
        assert parts.spending.reserve(DAY, BUDGET, BUDGET) is not None
    assert parts.spending.reserve(DAY, 1, BUDGET) is None


@pytest.mark.parametrize("billed", [0, 100, 300, 450])
def test_a_settlement_whose_response_is_lost_counts_once(parts: Parts, billed: int) -> None:
    reservation = parts.spending.reserve(DAY, 300, BUDGET)
    assert reservation is not None
    with lost_responses(parts.dynamodb, "UpdateItem") as lost:
        parts.spending.settle(reservation, billed)
    assert (len(lost), spent(parts)) == (1, billed)


def test_a_settled_day_holds_nothing_but_the_sum(parts: Parts) -> None:
    for _ in range(3):
        reservation = parts.spending.reserve(DAY, 300, BUDGET)
        assert reservation is not None
        parts.spending.settle(reservation, 10)
    assert item(parts).keys() == {"id", "ticks", "expiration"}
    assert item(parts)["ticks"] == {"N": "30"}


def test_what_a_function_that_was_killed_reserved_stays_spent(parts: Parts) -> None:
    assert parts.spending.reserve(DAY, 300, BUDGET) is not None
    other = parts.spending
    reservation = other.reserve(DAY, 200, BUDGET)
    assert reservation is not None
    other.settle(reservation, 50)
    assert spent(parts) == 350


@pytest.mark.parametrize("fault", [lost_responses, lost_requests])
def test_a_reservation_that_failed_is_given_back_before_the_next_one(
    parts: Parts, impatient: DailySpending, fault: Any
) -> None:
    with (
        fault(impatient.client, "UpdateItem"),
        pytest.raises((ReadTimeoutError, ConnectTimeoutError)),
    ):
        impatient.reserve(DAY, 300, BUDGET)
    assert impatient.reserve(DAY, 5, BUDGET) is not None
    assert spent(parts) == 5


def test_a_reservation_that_arrives_after_it_was_given_back_is_refused(
    parts: Parts, impatient: DailySpending
) -> None:
    requests: list[dict[str, Any]] = []
    event = "provide-client-params.dynamodb.UpdateItem"
    impatient.client.meta.events.register(event, lambda params, **_: requests.append(params))
    with lost_requests(impatient.client, "UpdateItem"), pytest.raises(ConnectTimeoutError):
        impatient.reserve(DAY, 300, BUDGET)
    late = dict(requests[0])
    assert impatient.reserve(DAY, 5, BUDGET) is not None
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        parts.dynamodb.update_item(**late)
    assert spent(parts) == 5


@pytest.mark.parametrize("fault", [lost_responses, lost_requests])
def test_a_settlement_that_failed_is_made_before_the_next_reservation(
    parts: Parts, impatient: DailySpending, fault: Any
) -> None:
    reservation = impatient.reserve(DAY, 300, BUDGET)
    assert reservation is not None
    with (
        fault(impatient.client, "UpdateItem"),
        pytest.raises((ReadTimeoutError, ConnectTimeoutError)),
    ):
        impatient.settle(reservation, 20)
    assert impatient.reserve(DAY, 7, BUDGET) is not None
    assert spent(parts) == 27


def test_a_damaged_day_keeps_no_later_day_from_being_paid_from(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    spending = parts.spending
    reservation = spending.reserve(DAY, 300, BUDGET)
    assert reservation is not None
    parts.dynamodb.update_item(
        TableName=parts.settings.state_table,
        Key={"id": {"S": f"spend#{DAY}"}},
        UpdateExpression="SET ticks = :text",
        ExpressionAttributeValues={":text": {"S": "many"}},
    )
    spending.settle(reservation, 20)
    assert spending.reserve("2026-11-24", 1, BUDGET) is not None


faults = st.sampled_from(["none", "lost request", "lost response"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 90), faults, faults), max_size=8))
def test_spent_equals_billed_to_the_tick_after_any_faults(
    waves: list[tuple[int, int, str, str]],
) -> None:
    with mock_aws():
        numbers = count()
        parts = replace(make_parts(Clock()), random_id=lambda: f"wave{next(numbers)}")
        client = without_retries()
        spending, billed = replace(parts.spending, client=client), 0
        for estimate, cost, at_reserving, at_settling in waves:
            reservation = None
            with suppress(ReadTimeoutError, ConnectTimeoutError), fault(client, at_reserving):
                reservation = spending.reserve(DAY, estimate, 10**6)
            if reservation is None:
                continue  # no call is made, so nothing is billed
            billed += cost
            with suppress(ReadTimeoutError, ConnectTimeoutError), fault(client, at_settling):
                spending.settle(reservation, cost)
        last = spending.reserve(DAY, 0, 10**6)
        assert last is not None
        spending.settle(last, 0)
        assert spent(parts) == billed
        client.close()


def fault(client: DynamoDBClient, name: str) -> Any:
    kinds = {"lost request": (lost_requests, 1), "lost response": (lost_responses, 1)}
    make, times = kinds.get(name, (lost_requests, 0))
    return make(client, "UpdateItem", times)
