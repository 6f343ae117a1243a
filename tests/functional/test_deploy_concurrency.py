"""`make deploy` checks that the account's limit leaves the API enough executions."""

from __future__ import annotations

import boto3
import pytest
from botocore.stub import Stubber

from scripts.deploy.concurrency import check_concurrency
from scripts.environments import UnusableError


def check(
    unreserved: int, analysis: int, *, reserve: str = "false", has_reserved: int | None = None
) -> str:
    """Return the result of the check for an account with these limits."""
    functions = boto3.client("lambda")
    limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": unreserved}
    values = {"AnalysisConcurrency": str(analysis), "ReserveConcurrency": reserve}
    with Stubber(functions) as stub:
        stub.add_response("get_account_settings", {"AccountLimit": limit}, {})
        if has_reserved is None:
            return check_concurrency(functions, values)
        stub.add_response(
            "get_function_concurrency",
            {"ReservedConcurrentExecutions": has_reserved},
            {"FunctionName": "analysis"},
        )
        return check_concurrency(functions, values, "analysis")


def test_an_account_with_enough_executions_gets_no_warning() -> None:
    assert check(1000, 20) == ""


def test_a_new_account_allows_a_small_analysis_with_a_warning() -> None:
    assert check(10, 2).startswith(
        "AnalysisConcurrency is 2, and of the 10 concurrent executions that this account has free"
        " in this region 8 would be left for the API. Ask for a higher limit"
    )


@pytest.mark.parametrize(("analysis", "left"), [(6, 4), (10, 0), (20, 0)])
def test_a_new_account_refuses_an_analysis_that_leaves_the_api_too_few(
    analysis: int, left: int
) -> None:
    with pytest.raises(UnusableError) as caught:
        check(10, analysis)
    assert f"AnalysisConcurrency is {analysis}, " in str(caught.value)
    assert f" {left} would be left for the API, which needs 5." in str(caught.value)
    assert "lower AnalysisConcurrency to 5." in str(caught.value)


def test_where_no_value_helps_only_a_higher_limit_is_advised() -> None:
    with pytest.raises(UnusableError) as caught:
        check(6, 2)
    assert "lower AnalysisConcurrency" not in str(caught.value)


def test_a_reservation_must_leave_100_to_all_others() -> None:
    assert check(200, 100, reserve="true") == ""
    with pytest.raises(UnusableError, match="ReserveConcurrency must leave 100"):
        check(200, 101, reserve="true")


def test_what_the_analysis_has_reserved_already_is_its_own() -> None:
    assert check(100, 20, reserve="true", has_reserved=20) == ""


def test_without_the_permission_it_says_that_nothing_was_checked() -> None:
    functions = boto3.client("lambda")
    with Stubber(functions) as stub:
        stub.add_client_error("get_account_settings", "AccessDeniedException")
        assert "was not checked" in check_concurrency(functions, {})
