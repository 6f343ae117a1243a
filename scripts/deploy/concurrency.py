"""Check that the account's limit leaves the API enough concurrent executions.

A new account has 10 in each region.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from scripts.environments import UnusableError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

LEAST_FOR_API: Final = 5
"""With fewer, Lambda throttles a few concurrent requests."""

FEW_FOR_API: Final = 50

LEAST_UNRESERVED: Final = 100
"""Lambda refuses a reservation that leaves less for functions without one.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""


def check_concurrency(
    functions: LambdaClient, parameters: Mapping[str, str], analysis_function: str = ""
) -> str:
    """Return a warning if the API gets few executions; empty if it gets enough.

    Parameters
    ----------
    functions : LambdaClient
        A client in the region that is deployed to.
    parameters : Mapping[str, str]
        The value of each of the template's parameters.
    analysis_function : str
        Name of the analysis function, if the stack exists. It can use its reservation again.

    Raises
    ------
    UnusableError
        The analysis would leave the API too few, or none.
    """
    try:
        limit = functions.get_account_settings()["AccountLimit"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return "The account's limit of concurrent executions was not checked: no permission."
    free = limit["UnreservedConcurrentExecutions"] + _reserved(functions, analysis_function)
    return _warning(free, parameters)


def _reserved(functions: LambdaClient, name: str) -> int:
    if not name:
        return 0
    found = functions.get_function_concurrency(FunctionName=name)
    return found.get("ReservedConcurrentExecutions", 0)


def _warning(free: int, parameters: Mapping[str, str]) -> str:
    analysis = int(float(parameters["AnalysisConcurrency"]))
    left = free - analysis
    found = (
        f"AnalysisConcurrency is {analysis}, and of the {free} concurrent executions that this"
        f" account has free in this region {max(left, 0)} would be left for the API"
    )
    remedy = "Ask for a higher limit in Service Quotas (Lambda, Concurrent executions)"
    is_reserved = parameters["ReserveConcurrency"] == "true"
    if is_reserved and left < LEAST_UNRESERVED:
        raise UnusableError(
            f"{found}: ReserveConcurrency must leave {LEAST_UNRESERVED}. {remedy},"
            " or set ReserveConcurrency=false."
        )
    if left < LEAST_FOR_API:
        lower = free - LEAST_FOR_API
        advice = f", or lower AnalysisConcurrency to {lower}" if lower > 1 else ""
        raise UnusableError(f"{found}, which needs {LEAST_FOR_API}. {remedy}{advice}.")
    return f"{found}. {remedy}." if left < FEW_FOR_API else ""
