"""What a step that fails may cost."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from grok_insights.analysis.containment import contained


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="dynamodb"),
        ConnectTimeoutError(endpoint_url="dynamodb"),
        ClientError({"Error": {"Code": "InternalServerError"}}, "UpdateItem"),
        ValueError("unexpected"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_step_that_fails_costs_nothing_beside_it(error: Exception) -> None:
    with contained("a step was left out"):
        raise error
