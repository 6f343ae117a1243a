"""Whether a write would be taken: found out on a condition that never holds."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from grok_insights.aws.write_check import WriteCheck
from grok_insights.wiring import Parts


def check(parts: Parts) -> WriteCheck:
    settings = parts.settings
    return WriteCheck(parts.dynamodb, settings.insights_table, settings.trends_table)


def test_tables_that_take_writes_pass_and_stay_empty(parts: Parts) -> None:
    assert check(parts).passes()
    for table in (parts.settings.insights_table, parts.settings.trends_table):
        assert parts.dynamodb.scan(TableName=table)["Items"] == []


@pytest.mark.parametrize("error", [ReadTimeoutError, ConnectTimeoutError])
def test_a_table_that_does_not_respond_fails_the_check(parts: Parts, error: Any) -> None:
    def fail(**_: Any) -> None:
        raise error(endpoint_url="https://dynamodb.example")

    parts.dynamodb.meta.events.register_first("before-call.dynamodb.TransactWriteItems", fail)
    assert not check(parts).passes()
