"""Years of conversations, and a profile that changes in flight, on the emulator over HTTP.

``make years`` sends 5,000 conversations; in `make test` there are 500.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from benchmarks.read_units import Meter
from grok_insights.settings import Settings
from grok_insights.wiring import Parts
from tests.builders import environment
from tests.e2e.conftest import Client, NewClient, Stack, until
from tests.functional.query import LIST, Query

COUNT: Final = int(os.environ.get("CONVERSATIONS") or 500)
REQUESTS: Final = 10
FIRST_DAY, DAYS = datetime(2021, 1, 1, tzinfo=UTC), 730
PAGE: Final = COUNT // 250
"""Ten pages of this size are in a range of two months."""

MAX_UNITS_OF_A_PAGE: Final = 12
MARCH: Final = {"from": "2019-03-01T00:00:00Z", "to": "2019-04-01T00:00:00Z"}
TEXTS: Final = (
    "Customer: My parcel is three weeks late and nobody answers. I want a refund now!",
    "Customer: Thank you so much, the new app is wonderful!",
    "Customer: Which size fits me?",
    "Customer: I cannot log in, my password is wrong.\nAgent: It is solved.\nCustomer: Thanks!",
)
CHANNELS: Final = ("chat", "mail")
PROFILE: Final[dict[str, Any]] = {
    "note": "closed topics and four fields",
    "topics": {
        "mode": "closed",
        "labels": [{"name": "refund"}, {"name": "delivery", "aliases": ["delivery_delay"]}],
    },
    "fields": [
        {"name": "resolved", "type": "boolean"},
        {"name": "churn_risk", "type": "enum", "values": ["low", "high"]},
        {"name": "effort", "type": "integer", "minimum": 1, "maximum": 5},
        {"name": "competitor", "type": "text"},
    ],
    "quotes": True,
    "segments": ["channel"],
}
Insights = dict[str, dict[str, Any]]


def sent(client: Client, conversations: list[dict[str, Any]]) -> set[str]:
    """Send conversations in one request, and return their ids."""
    return {result["id"] for result in client.bulk(conversations)["results"]}


def documents(stack: Stack, ids: set[str]) -> Insights:
    """Return the insights with these ids that exist now."""
    found = {item["conversation_id"]["S"]: item for item in stack.insights()}
    return {one: json.loads(found[one]["document"]["S"]) for one in ids & found.keys()}


def day_of(place: int) -> datetime:
    """Return when a conversation took place, in no order: 389 has no factor in common with 730."""
    return FIRST_DAY + timedelta(days=place * 389 % DAYS, minutes=place % 1_440)


@pytest.fixture(scope="module")
def years(stack: Stack, new_client_of_module: NewClient) -> Insights:
    """Two years of conversations in ten bulk requests, and their insights."""
    began = time.monotonic()
    ids: set[str] = set()
    client = new_client_of_module()
    for part in range(REQUESTS):
        places = range(part * COUNT // REQUESTS, (part + 1) * COUNT // REQUESTS)
        ids |= sent(
            client,
            [
                {"text": f"{TEXTS[place % 4]} {place}", "occurred_at": day_of(place).isoformat()}
                for place in places
            ],
        )
    accepted = time.monotonic()
    until(lambda: len(documents(stack, ids)) == COUNT, 30 + COUNT / 10, "the insights of two years")
    print(
        f"{COUNT} conversations: accepted in {accepted - began:.1f} s,"
        f" analysed in {time.monotonic() - began:.1f} s"
    )
    return documents(stack, ids)


def test_trends_by_day_equal_a_recount_by_the_time_of_the_conversations(
    years: Insights, client: Client
) -> None:
    wanted: Counter[tuple[str, str]] = Counter()
    for one in years.values():
        wanted[one["occurred_at"][:10], one["sentiment"]] += 1
    until_ = FIRST_DAY + timedelta(days=DAYS)
    query = {"from": FIRST_DAY.isoformat(), "to": until_.isoformat(), "interval": "day"}
    body = client.get("/api/v1/insights/trends", **query, verify="true").json()
    shown = {
        (point["start"][:10], kind): point[kind]
        for point in body["series"]
        for kind in ("positive", "negative", "neutral")
    }
    assert Counter(shown) == wanted
    assert len(body["series"]) == DAYS
    assert body["totals"]["count"] == COUNT
    assert not any(body["difference"].values())


def test_the_counters_of_all_labels_equal_a_recount(years: Insights, stack: Stack) -> None:
    assert stack.counted() == stack.recounted()
    assert years


def test_the_tenth_page_of_a_narrow_range_costs_what_the_first_costs(
    years: Insights, stack: Stack
) -> None:
    query, meter = metered(stack)
    narrow = {"from": "2021-06-01T00:00:00Z", "to": "2021-08-01T00:00:00Z", "limit": str(PAGE)}
    units, seen, cursor = [], list[str](), dict[str, str]()
    for _ in range(10):
        meter.clear()
        page = query.get(LIST, **narrow, **cursor).body
        units.append(meter.units())
        seen += [item["id"] for item in page["items"]]
        cursor = {"cursor": page["next_cursor"]}
    print(f"read units of ten pages of {PAGE}: {units}")
    assert seen == newest_first(years, narrow)[: 10 * PAGE]
    assert max(units) <= MAX_UNITS_OF_A_PAGE
    assert units[9] <= units[0] + 1


def newest_first(years: Insights, narrow: Mapping[str, str]) -> list[str]:
    """Return the ids of a range in the order of lists. No two have the same time."""
    within = [one for one in years.values() if narrow["from"] <= one["occurred_at"] < narrow["to"]]
    return [one["id"] for one in sorted(within, key=lambda one: one["occurred_at"], reverse=True)]


def metered(stack: Stack) -> tuple[Query, Meter]:
    """Return the query function on the stack's tables, and a meter of what it reads."""
    names = ("INSIGHTS", "CONVERSATIONS", "TRENDS", "STATE")
    tables = {f"{name}_TABLE": stack.name(f"{name}_TABLE_NAME") for name in names}
    dynamodb = stack.session.dynamodb()
    settings = Settings.from_env(environment(RATE_LIMIT_REQUESTS="1000", **tables))
    parts = Parts(
        settings=settings,
        dynamodb=dynamodb,
        sqs=stack.session.sqs(),
        now=lambda: datetime.now(UTC),
    )
    meter = Meter({item["conversation_id"]["S"]: item for item in stack.insights()})
    meter.attach(dynamodb)
    return Query(parts), meter


@pytest.fixture(scope="module")
def changed(stack: Stack, new_client_of_module: NewClient) -> Iterator[tuple[int, Insights]]:
    """A version that was activated while 500 conversations were in flight, and their insights.

    The version that was active before is active again at the end.
    """
    client = new_client_of_module()
    before = client.get("/api/v1/profile").json()["version"]
    ids = sent(client, [conversation(place) for place in range(500)])
    until(lambda: bool(documents(stack, ids)), 30, "the first insight")
    response = client.http.put(
        "/api/v1/profile", params={"activate": "true"}, json=PROFILE, headers={"If-Match": "*"}
    )
    assert response.status_code in {200, 201}, response.text
    version = response.json()["version"]
    try:
        until(lambda: len(documents(stack, ids)) == 500, 120, "500 insights")
        yield version, documents(stack, ids)
    finally:
        activate(client, before)


def conversation(place: int) -> dict[str, Any]:
    """Return a conversation of March 2019."""
    at = datetime(2019, 3, 1, tzinfo=UTC) + timedelta(minutes=place)
    return {
        "text": f"{TEXTS[place % 4]} {place}",
        "occurred_at": at.isoformat(),
        "metadata": {"channel": CHANNELS[place % 2]},
    }


def activate(client: Client, version: int) -> None:
    path = f"/api/v1/profile/versions/{version}/activate"
    response = client.http.post(path, headers={"If-Match": "*"})
    assert response.status_code == 200, response.text


def test_each_of_500_insights_in_flight_is_consistent_with_one_version(
    changed: tuple[int, Insights],
) -> None:
    version, insights = changed
    by_version = Counter(one["meta"]["profile_version"] for one in insights.values())
    print(f"insights by version: {dict(by_version)}")
    assert len(by_version) == 2
    assert by_version[version] > 0
    names = {field["name"] for field in PROFILE["fields"]}
    for one in insights.values():
        is_new = one["meta"]["profile_version"] == version
        assert set(one.get("fields", {})) == (names if is_new else set())
        assert set(one.get("segments", {})) == ({"channel"} if is_new else set())
        assert ("quotes" in one) <= is_new
        assert not is_new or set(one["topics"]) <= {"refund", "delivery", "other"}


def test_a_filter_by_field_and_segment_finds_what_is_stored(
    changed: tuple[int, Insights], client: Client
) -> None:
    _, insights = changed
    wanted = {
        one["id"]
        for one in insights.values()
        if one.get("fields", {}).get("resolved") is True
        and one.get("segments", {}).get("channel") == "mail"
    }
    chosen = {"field.resolved": "true", "segment.channel": "mail", **MARCH, "limit": "100"}
    seen, cursor = list[str](), dict[str, str]()
    while True:
        page = client.get("/api/v1/insights", **chosen, **cursor).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert wanted
    assert sorted(seen) == sorted(wanted)


def test_trends_count_the_fields_and_segments_of_the_version(
    changed: tuple[int, Insights], client: Client
) -> None:
    version, insights = changed
    of_version = [one for one in insights.values() if one["meta"]["profile_version"] == version]
    for by in ("field.churn_risk", "segment.channel", "topic"):
        query = {**MARCH, "interval": "day", "by": by, "verify": "true"}
        body = client.get("/api/v1/insights/trends", **query).json()
        assert not any(body["difference"].values())
        if by == "segment.channel":
            shown = {label["value"]: label["count"] for label in body["labels"]}
            assert shown == Counter(one["segments"]["channel"] for one in of_version)


def test_going_back_a_version_analyses_as_before(
    changed: tuple[int, Insights], stack: Stack, client: Client
) -> None:
    version, insights = changed
    [before] = {one["meta"]["profile_version"] for one in insights.values()} - {version}
    activate(client, before)
    ids = sent(client, [conversation(place) for place in range(600, 605)])
    until(lambda: len(documents(stack, ids)) == 5, 30, "insights of the version before")
    again = documents(stack, ids).values()
    assert {one["meta"]["profile_version"] for one in again} == {before}
    assert not any("fields" in one or "segments" in one for one in again)
