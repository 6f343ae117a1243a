"""Alert rules: one is added, shown and removed; the others stay. No alert begins.

The limit of the rule is so high that nobody is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.acceptance.api import Api, shown
from tests.e2e.acceptance.test_3_errors import refused

ALERTS = "/api/v1/alerts"
RULES = f"{ALERTS}/rules"


def rules(api: Api) -> dict[str, Any]:
    """Return the rules of the stack by name."""
    response = api.get(RULES)
    assert response.status_code == 200, shown(response)
    return {rule["name"]: rule for rule in response.json()["items"]}


@pytest.fixture
def rule(api: Api) -> Iterator[dict[str, Any]]:
    """A rule that is removed at the end, whatever happens."""
    name = f"acceptance-{uuid4()}"
    yield {"name": name, "label": "sentiment:negative", "above": 1_000_000_000}
    api.delete(f"{RULES}/{name}")


def test_a_rule_is_added_once_and_removed(api: Api, rule: dict[str, Any]) -> None:
    before = rules(api)
    added = api.post(RULES, rule)
    assert added.status_code == 201, shown(added)
    assert api.post(RULES, rule).status_code == 200, "the same rule is not recognised"
    refused(api.post(RULES, {**rule, "above": 0.5}), 409)
    assert rules(api) == {**before, rule["name"]: added.json()}, "the rules are other ones"
    removed = api.delete(f"{RULES}/{rule['name']}")
    assert removed.status_code == 204, shown(removed)
    assert rules(api) == before, "the rules are not as they were"
    refused(api.delete(f"{RULES}/{rule['name']}"), 404)


@pytest.mark.parametrize(
    ("changes", "location"),
    [
        ({"label": "refund"}, "body.label"),
        ({"label": "field.churn_risk:high"}, "body.window"),
        ({"measure": "share", "above": 1}, "body.above"),
    ],
)
def test_an_invalid_rule_is_refused_with_the_place(
    api: Api, rule: dict[str, Any], changes: dict[str, Any], location: str
) -> None:
    problem = refused(api.post(RULES, {**rule, **changes}), 422)
    named = [fault["location"] for fault in problem["errors"]]
    assert named == [location], f"the problem names {named}"


@pytest.mark.parametrize("status", ["breached", "ended"])
def test_the_alerts_are_listed_newest_first(api: Api, status: str) -> None:
    response = api.get(ALERTS, status=status)
    assert response.status_code == 200, shown(response)
    alerts = response.json()["items"]
    assert {alert["status"] for alert in alerts} <= {status}
    begun = [alert["since"] for alert in alerts]
    assert begun == sorted(begun, reverse=True), f"the order is {begun}"
