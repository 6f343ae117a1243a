"""Counters agree with a recount of the insights."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.e2e.acceptance.api import Api, shown
from tests.e2e.acceptance.insights import PATH, Insights, Window

LOOKS = 4
PAUSE_SECONDS = 2.0


def test_the_trends_count_the_insights_of_this_run(
    api: Api, insights: Insights, window: Window
) -> None:
    response = api.get(f"{PATH}/trends", interval="hour", top=100, **window.query)
    assert response.status_code == 200, shown(response)
    totals = response.json()["totals"]
    for sentiment in ("positive", "negative", "neutral"):
        own = len(insights.where("sentiment", sentiment))
        assert totals[sentiment] >= own, f"{totals[sentiment]} {sentiment} are counted, not {own}"
    assert totals["count"] >= len(insights.by_id), f"{totals['count']} insights are counted"


def test_the_movers_compare_two_periods(api: Api) -> None:
    response = api.get(f"{PATH}/movers", by="topic", top=5)
    assert response.status_code == 200, shown(response)
    body = response.json()
    assert body["before"]["to"] == body["period"]["from"], "the periods do not adjoin"
    assert len(body["movers"]) <= 5
    for mover in body["movers"]:
        assert mover["change"] == pytest.approx(mover["share"] - mover["share_before"])


def test_the_counters_equal_a_recount(api: Api, window: Window) -> None:
    """Other traffic may change both between the reads: only a lasting difference is an error."""
    seen = [_difference(api, window)]
    while any(seen[-1].values()) and len(seen) < LOOKS:
        time.sleep(PAUSE_SECONDS)
        seen.append(_difference(api, window))
    if not any(seen[-1].values()):
        return
    if any(one != seen[0] for one in seen):
        pytest.skip("other conversations are being analysed, so that the counters change")
    differs = {name: by for name, by in seen[0].items() if by}
    pytest.fail(f"the counters differ from a recount of the insights by {differs}", pytrace=False)


def _difference(api: Api, window: Window) -> dict[str, Any]:
    response = api.get(f"{PATH}/trends", verify="true", interval="hour", **window.query)
    if response.status_code == 422:
        pytest.skip(f"the range cannot be recounted: {shown(response)}")
    assert response.status_code == 200, shown(response)
    found: dict[str, Any] = response.json()["difference"]
    return found
