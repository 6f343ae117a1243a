"""The DynamoDB of the simulation responds as moto does, or as another endpoint does.

``DYNAMODB_ENDPOINT_URL`` names another endpoint, such as that of a local emulator.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from tests.simulation.contract import Both, tables
from tests.simulation.dynamodb import DynamoDB

ENDPOINT = os.environ.get("DYNAMODB_ENDPOINT_URL") or None
A, B = {"id": {"S": "a"}}, {"id": {"S": "b"}}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Any]:
    with nullcontext() if ENDPOINT else mock_aws():
        once = Config(retries={"total_max_attempts": 1})
        yield boto3.client("dynamodb", endpoint_url=ENDPOINT, config=once)


@pytest.fixture
def both(endpoint: Any) -> Iterator[Both]:
    with fresh(endpoint) as made:
        yield made


class fresh:  # noqa: N801 - reads as a function
    """Both services with new tables, which are deleted afterwards."""

    def __init__(self, endpoint: Any) -> None:
        self.endpoint = endpoint

    def __enter__(self) -> Both:
        model = DynamoDB(lambda: 0.0)
        for name, properties in tables().items():
            model.create_table(TableName=name, **properties)
            self.endpoint.create_table(TableName=name, **properties)
        return Both(model, self.endpoint)

    def __exit__(self, *_: object) -> None:
        for name in tables():
            self.endpoint.delete_table(TableName=name)


def put(**attributes: Any) -> dict[str, Any]:
    return {"TableName": "state", "Item": {**A, **attributes}}


def test_a_condition_that_does_not_hold_changes_nothing(both: Both) -> None:
    both("put_item", **put(n={"N": "1"}))
    refused = both("put_item", **put(n={"N": "2"}), ConditionExpression="attribute_not_exists(id)")
    assert refused["error"] == "ConditionalCheckFailedException"
    assert both("get_item", TableName="state", Key=A)["Item"]["n"] == {"N": "1"}


def test_an_update_adds_sets_and_removes_by_what_the_item_was(both: Both) -> None:
    both("put_item", **put(n={"N": "1"}, former={"S": "x"}))
    update = {
        "UpdateExpression": "ADD n :two SET #next = n + :two, since = if_not_exists(since, :two)"
        " REMOVE former",
        "ExpressionAttributeNames": {"#next": "next"},
        "ExpressionAttributeValues": {":two": {"N": "2"}},
    }
    both("update_item", TableName="state", Key=A, **update)
    item = both("get_item", TableName="state", Key=A)["Item"]
    assert item == {**A, "n": {"N": "3"}, "next": {"N": "3"}, "since": {"N": "2"}}


def test_texts_are_added_to_a_set_while_it_has_room_or_contains_them(both: Both) -> None:
    def add(value: str) -> Any:
        return both(
            "update_item",
            TableName="state",
            Key=A,
            UpdateExpression="ADD seen :values",
            ConditionExpression="attribute_not_exists(seen) OR size(seen) < :most"
            " OR contains(seen, :value)",
            ExpressionAttributeValues={
                ":values": {"SS": [value]},
                ":value": {"S": value},
                ":most": {"N": "2"},
            },
        )

    for value in ("a", "a", "b", "b"):
        assert "error" not in add(value)
    assert add("c")["error"] == "ConditionalCheckFailedException"
    item = both("get_item", TableName="state", Key=A)["Item"]
    assert set(item["seen"]["SS"]) == {"a", "b"}


@pytest.mark.parametrize("wanted", ["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"])
def test_an_update_returns_what_was_asked_for(both: Both, wanted: str) -> None:
    """Each attribute changes here, and the item exists.

    DynamoDB's documentation says nothing of an attribute that is set to its own value: moto leaves
    it out, and MiniStack returns it. moto also returns the key of a new item as updated.
    """
    both("put_item", **put(n={"N": "1"}))
    for _ in range(2):
        both(
            "update_item",
            TableName="state",
            Key=A,
            UpdateExpression="ADD n :one SET former_n = if_not_exists(n, :zero)",
            ExpressionAttributeValues={":one": {"N": "1"}, ":zero": {"N": "0"}},
            ReturnValues=wanted,
        )


def test_adding_to_a_text_or_from_nothing_is_refused(both: Both) -> None:
    both("put_item", **put(n={"S": "one"}))
    one = {":one": {"N": "1"}}
    for expression in ("ADD n :one", "SET m = missing + :one"):
        found = both(
            "update_item",
            TableName="state",
            Key=A,
            UpdateExpression=expression,
            ExpressionAttributeValues=one,
        )
        assert found["error"] == "ValidationException"


def test_a_delete_returns_what_was_there(both: Both) -> None:
    both("put_item", **put(n={"N": "1"}))
    for _ in range(2):
        both("delete_item", TableName="state", Key=A, ReturnValues="ALL_OLD")


def test_a_transaction_is_all_or_nothing_and_says_which_condition_failed(both: Both) -> None:
    both("put_item", **put(n={"N": "1"}))
    free = {"TableName": "state", "Item": {**B}, "ConditionExpression": "attribute_not_exists(id)"}
    taken = {
        **put(n={"N": "2"}),
        "ConditionExpression": "attribute_not_exists(id)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    refused = both("transact_write_items", TransactItems=[{"Put": free}, {"Put": taken}])
    assert [code for code, _ in refused["reasons"]] == ["None", "ConditionalCheckFailed"]
    assert both("get_item", TableName="state", Key=B) == {}


def test_a_transaction_does_not_touch_an_item_twice_and_has_at_most_100_actions(both: Both) -> None:
    twice = [{"Put": put()}, {"Delete": {"TableName": "state", "Key": A}}]
    assert both("transact_write_items", TransactItems=twice)["error"] == "ValidationException"
    many = [
        {"Put": {"TableName": "state", "Item": {"id": {"S": str(number)}}}} for number in range(101)
    ]
    assert both("transact_write_items", TransactItems=many)["error"] == "ValidationException"


@pytest.mark.skipif(not ENDPOINT, reason="moto does not look at ClientRequestToken")
def test_a_transaction_sent_again_with_its_token_is_made_once(both: Both) -> None:
    token = str(uuid4())
    add = {
        "TableName": "state",
        "Key": A,
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    for _ in range(2):
        both("transact_write_items", TransactItems=[{"Update": add}], ClientRequestToken=token)
    assert both("get_item", TableName="state", Key=A)["Item"]["n"] == {"N": "1"}


def test_the_model_knows_a_token_for_ten_minutes() -> None:
    clock = [0.0]
    model = DynamoDB(lambda: clock[0])
    model.create_table(TableName="state", **tables()["state"])
    add = {
        "TableName": "state",
        "Key": A,
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    for instant in (0.0, 599.0, 601.0):
        clock[0] = instant
        model.transact_write_items(TransactItems=[{"Update": add}], ClientRequestToken="t")
    assert model.get_item(TableName="state", Key=A)["Item"]["n"] == {"N": "2"}


def test_a_batch_reads_what_exists_from_several_tables(both: Both) -> None:
    both("put_item", **put(n={"N": "1"}))
    trend = {"bucket": {"S": "day"}, "slot": {"S": "01"}}
    both("put_item", TableName="trends", Item=trend)
    wanted = {
        "state": {
            "Keys": [A, B],
            "ProjectionExpression": "#n",
            "ExpressionAttributeNames": {"#n": "n"},
        },
        "trends": {"Keys": [trend]},
    }
    found = both("batch_get_item", RequestItems=wanted)
    assert found["Responses"] == {"state": [{"n": {"N": "1"}}], "trends": [trend]}


def test_a_batch_with_one_key_twice_is_refused(both: Both) -> None:
    refused = both("batch_get_item", RequestItems={"state": {"Keys": [A, A]}})
    assert refused["error"] == "ValidationException"


def test_an_item_over_400_kb_is_refused(both: Both) -> None:
    refused = both("put_item", **put(text={"S": "x" * 410_000}))
    assert refused["error"] == "ValidationException"


def test_an_empty_key_is_refused(both: Both) -> None:
    refused = both("put_item", TableName="state", Item={"id": {"S": ""}})
    assert refused["error"] == "ValidationException"


def test_an_expired_item_exists_until_dynamodb_deletes_it(both: Both) -> None:
    both("put_item", **put(expiration={"N": "1"}))
    refused = both("put_item", **put(), ConditionExpression="attribute_not_exists(id)")
    assert refused["error"] == "ConditionalCheckFailedException"
    assert both("get_item", TableName="state", Key=A)["Item"]["expiration"] == {"N": "1"}


def insight(number: int, kind: str) -> dict[str, Any]:
    position = f"2026-11-24T10:00:{number:02d}.000Z#{number:02d}"
    return {
        "conversation_id": {"S": f"c{number:02d}"},
        "position": {"S": position},
        "time_shard": {"S": str(number % 2)},
        "kind_shard": {"S": f"{kind}#{number % 2}"},
        "kind": {"S": kind},
        "document": {"S": "x" * number},
        "created_at": {"S": "now"},
    }


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_an_index_is_read_page_by_page_in_order(both: Both, limit: int, *, forward: bool) -> None:
    for number in range(1, 12):
        item = insight(number, "positive" if number % 3 else "failed")
        both("put_item", TableName="insights", Item=item)
    request: dict[str, Any] = {
        "TableName": "insights",
        "IndexName": "by_time",
        "KeyConditionExpression": "time_shard = :shard AND #position BETWEEN :first AND :last",
        "FilterExpression": "#kind = :kind",
        "ExpressionAttributeNames": {"#position": "position", "#kind": "kind"},
        "ExpressionAttributeValues": {
            ":shard": {"S": "1"},
            ":kind": {"S": "positive"},
            ":first": {"S": "2026-11-24T10:00:02"},
            ":last": {"S": "2026-11-24T10:00:10.000Z"},
        },
        "ProjectionExpression": "#position, conversation_id",
        "ScanIndexForward": forward,
        "Limit": limit,
    }
    seen = []
    while True:
        page = both("query", **request)
        seen += [item["conversation_id"]["S"] for item in page.get("Items", [])]
        if "LastEvaluatedKey" not in page:
            break
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    expected = ["c05", "c07"]
    assert seen == (expected if forward else expected[::-1])


TEXTS = st.sampled_from(["", "a", "b", "ä", "😀"]).map(lambda text: {"S": text})
NUMBERS = st.integers(-3, 3).map(lambda number: {"N": str(number)})
VALUES = {"n": NUMBERS, "m": NUMBERS, "s": TEXTS}
"""Values of different types are left out, because moto does not compare texts with numbers."""

KEYS = st.sampled_from([A, B])
CONDITIONS = st.sampled_from(
    [
        "attribute_not_exists(#x)",
        "attribute_exists(#x)",
        "#x = :v",
        "#x <> :v",
        "#x < :v",
        "#x >= :v AND attribute_exists(#x)",
        "NOT #x = :v",
        "attribute_not_exists(#x) OR #x <= :v",
        "(#x = :v OR #x > :v) AND attribute_exists(id)",
        "#x BETWEEN :v AND :v",
    ]
)
UPDATES = st.sampled_from(
    [
        "SET #y = :w",
        "ADD #y :w",
        "REMOVE #y",
        "SET #y = if_not_exists(#y, :w)",
        "SET #y = #y + :w",
        "ADD #y :w SET another = :w",
    ]
)


@st.composite
def writes(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Return a write of any kind, with or without a condition."""
    kind = draw(st.sampled_from(["put_item", "update_item", "delete_item"]))
    request: dict[str, Any] = {"TableName": "state"}
    names, values = {}, {}
    if draw(st.booleans()):
        request["ConditionExpression"] = draw(CONDITIONS)
        name = names["#x"] = draw(st.sampled_from(sorted(VALUES)))
        if ":v" in request["ConditionExpression"]:
            values[":v"] = draw(VALUES[name])
    if kind == "put_item":
        request["Item"] = {**draw(KEYS), **draw(st.fixed_dictionaries({}, optional=VALUES))}
    else:
        request["Key"] = draw(KEYS)
    if kind == "update_item":
        request["UpdateExpression"] = draw(UPDATES)
        names["#y"] = draw(st.sampled_from(["n", "m"]))
        if ":w" in request["UpdateExpression"]:
            values[":w"] = draw(NUMBERS)
    request |= {"ExpressionAttributeNames": names} if names else {}
    request |= {"ExpressionAttributeValues": values} if values else {}
    return kind, request


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(made=st.lists(writes(), min_size=1, max_size=10), together=st.booleans())
def test_any_writes_leave_the_same_items(both: Both, made: Any, together: bool) -> None:
    for key in (A, B):
        both("delete_item", TableName="state", Key=key)
    for kind, request in made:
        if together:
            name = {"put_item": "Put", "update_item": "Update", "delete_item": "Delete"}[kind]
            both("transact_write_items", TransactItems=[{name: request}])
        else:
            both(kind, **request)
    for key in (A, B):
        both("get_item", TableName="state", Key=key)
