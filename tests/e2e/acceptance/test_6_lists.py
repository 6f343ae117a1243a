"""Lists of insights: filters, pages and cursors. Other insights may be among those of this run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.e2e.acceptance.api import Api, shown
from tests.e2e.acceptance.insights import PATH, Insights, Window, listed, pages, time_of


@pytest.mark.parametrize("name", ["sentiment", "status", "topic"])
def test_a_filter_selects_what_matches_and_nothing_else(
    api: Api, insights: Insights, window: Window, name: str
) -> None:
    attribute = {"topic": "topics"}.get(name, name)
    values = [one[attribute] for one in insights.by_id.values()]
    value = next((value for value in values if value), None)
    value = value[0] if isinstance(value, list) else value
    if value is None:
        pytest.skip(f"no insight of this run has a {name}")
    found = {item["id"]: item for item in listed(api, **window.query, **{name: value})}
    missing = insights.where(attribute, value) - found.keys()
    assert not missing, f"{name}={value} leaves out {missing}"
    wrong = found.keys() - Insights(found).where(attribute, value)
    assert not wrong, f"{name}={value} also shows {wrong}"


def test_from_is_included_and_to_is_not(api: Api, insights: Insights, window: Window) -> None:
    inside = {item["id"] for item in listed(api, **window.query)}
    missing = insights.by_id.keys() - inside
    assert not missing, f"the range {window.query} leaves out {missing}"
    before = Window(window.start - timedelta(seconds=1), window.start)
    after = Window(window.end, window.end + timedelta(seconds=1))
    for outside in (before, after):
        shown_too = insights.by_id.keys() & {item["id"] for item in listed(api, **outside.query)}
        assert not shown_too, f"the range {outside.query} shows {shown_too}"


def test_pages_are_complete_newest_first_and_without_doubles(
    api: Api, insights: Insights, window: Window
) -> None:
    count = len(listed(api, **window.query))
    limit = max(2, min(100, count // 4))
    found = [item for page in pages(api, limit=limit, **window.query) for item in page]
    ids = [item["id"] for item in found]
    assert len(ids) == len(set(ids)), "an insight is on two pages"
    missing = insights.by_id.keys() - set(ids)
    assert not missing, f"no page has {missing}"
    times = [time_of(item) for item in found]
    assert times == sorted(times, reverse=True), "the insights are not in the order of time"


def test_a_cursor_of_another_query_is_refused(api: Api, window: Window) -> None:
    first = api.get(PATH, limit=1, **window.query)
    cursor = first.json()["next_cursor"]
    for query in ({"sentiment": "neutral"}, {}):
        response = api.get(PATH, cursor=cursor, **query)
        assert response.status_code == 400, f"a cursor of another query: {shown(response)}"


def test_a_changed_cursor_is_refused(api: Api, window: Window) -> None:
    cursor = api.get(PATH, limit=1, **window.query).json()["next_cursor"]
    changed = ("B" if cursor[0] == "A" else "A") + cursor[1:]
    response = api.get(PATH, limit=1, cursor=changed, **window.query)
    assert response.status_code == 400, f"a changed cursor: {shown(response)}"


def test_a_response_says_how_many_requests_are_left(api: Api) -> None:
    headers = api.get(PATH, limit=1).headers
    missing = {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"} - set(headers)
    assert not missing, f"a response has no {missing}"
