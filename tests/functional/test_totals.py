"""The running totals on the emulator, which supports tokens of transactions as AWS does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

from grok_insights.aws.dynamodb.transactions import Transactions
from grok_insights.aws.state.counters import TOTALS, StateCounters
from grok_insights.aws.state.spending import DailySpending
from tests.emulator import bare_emulator, state_table

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = {"id": {"S": TOTALS}}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with bare_emulator() as address:
        yield address


@pytest.fixture
def client(endpoint: str) -> Iterator[DynamoDBClient]:
    with state_table(endpoint) as client:
        yield client


@pytest.fixture
def counters(client: DynamoDBClient) -> StateCounters:
    return StateCounters(client, "state", Transactions(client))


def lose_one_response(client: DynamoDBClient, operation: str) -> list[str]:
    """Send the next request of an operation twice, and give botocore only the second response."""
    lost: list[str] = []

    def lose(request: AWSPreparedRequest, **_: Any) -> None:
        if not lost:
            lost.append(request.url)
            assert URLLib3Session().send(request).status_code == 200
            raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register(f"before-send.dynamodb.{operation}", lose)
    return lost


def test_totals_whose_response_is_lost_count_once(
    client: DynamoDBClient, counters: StateCounters
) -> None:
    counters.add_totals(Counter(calls=2))
    lost = lose_one_response(client, "TransactWriteItems")
    counters.add_totals(Counter(calls=3, tokens=10))
    assert (len(lost), counters.totals()) == (1, Counter(calls=5, tokens=10))


@pytest.mark.parametrize(
    "damaged", [{"S": "3"}, {"BOOL": True}, {"L": []}, {"M": {}}, {"NULL": True}]
)
def test_a_total_that_is_no_number_begins_again_and_the_others_go_on(
    client: DynamoDBClient, counters: StateCounters, damaged: dict[str, Any]
) -> None:
    client.put_item(
        TableName="state", Item={**KEY, "calls": cast("Any", damaged), "tokens": {"N": "7"}}
    )
    assert counters.totals() == Counter(tokens=7)
    counters.add_totals(Counter(calls=3, tokens=1))
    assert counters.totals() == Counter(calls=3, tokens=8)


def test_a_days_spending_counts_once_although_responses_are_lost(client: DynamoDBClient) -> None:
    spending = DailySpending(client, "state", iter(["a1", "a2"]).__next__)
    lose_one_response(client, "UpdateItem")
    reservation = spending.reserve("2026-11-23", 300, 100)
    assert reservation is not None
    assert spending.reserve("2026-11-23", 1, 100) is None
    spending.settle(reservation, 20)
    item = client.get_item(TableName="state", Key={"id": {"S": "spend#2026-11-23"}})["Item"]
    assert item["ticks"] == {"N": "20"}


def test_totals_that_the_table_does_not_take_are_not_lost_without_a_log_line(
    client: DynamoDBClient,
) -> None:
    counters = StateCounters(client, "gone", Transactions(client))
    with pytest.raises(TimeoutError, match="the running totals were not written"):
        counters.add_totals(Counter(calls=1))
