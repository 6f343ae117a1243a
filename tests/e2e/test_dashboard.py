"""The dashboard in a real browser with a complete stack: what a user sees and does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from grok_insights.query.health import HEALTH_CACHE_SECONDS
from scripts.pause import pause, resume
from tests.builders import NOW
from tests.e2e.browser import DESKTOP, PHONE, Visit, expect
from tests.e2e.conftest import Client, Stack, until

LIST = "/api/v1/insights"
OVERVIEW = "**/api/v1/overview*"
MARKUP = "<img src=x onerror=alert(1)>"
ANGRY = "My parcel is late and nobody answers, this is awful."
EVERY_SECONDS = 31
RANGE_WITHOUT_DATA = {"from": "2001-01-01T00:00:00Z", "to": "2001-01-02T00:00:00Z"}


@pytest.fixture
def profile(stack: Stack, client: Client) -> Iterator[None]:
    """Activate a profile with fields, quotes and a segment, and the one before it afterwards."""
    before = client.get("/api/v1/profile").json()["version"]
    text = (Path(__file__).parents[2] / "profiles" / "support.json").read_text("utf-8")
    any_version = {"If-Match": "*", "content-type": "application/json"}
    path = "/api/v1/profile"
    put = client.http.put(path, params={"activate": "true"}, content=text, headers=any_version)
    assert put.status_code in {200, 201}, put.text
    yield
    client.http.post(f"{path}/versions/{before}/activate", headers=any_version)


@pytest.fixture
def analysed(client: Client, unique: Any, profile: None) -> dict[str, Any]:
    """Return an insight with fields and quotes. Texts and names of its conversation are markup."""
    messages = [
        {"role": "customer", "text": f"{MARKUP} {ANGRY} I want a refund."},
        {"role": "agent", "text": "I am sorry.", "name": "<b>Priya</b>"},
    ]
    sent = {
        "messages": messages,
        "external_id": f"<i>{unique('page')}</i>",
        "metadata": {"channel": "<u>chat</u>"},
    }
    return insight_of(client, sent)


def insight_of(client: Client, sent: dict[str, Any]) -> dict[str, Any]:
    """Send a conversation, and return its insight."""
    path = f"{LIST}/{client.post('/api/v1/conversations', sent).json()['id']}"
    until(lambda: client.get(path).status_code == 200, 30, "an insight")
    found: dict[str, Any] = client.get(path).json()
    return found


# ------------------------------------------------------------------ journeys


def test_in_the_morning_the_page_shows_figures_changes_and_conversations(
    visit: Visit, analysed: dict[str, Any]
) -> None:
    visitor = visit()
    page = visitor.sign_in()
    for heading in ("Sentiment over time", "Topics", "What changed", "Conversations"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    for heading in ("Resolved", "Churn risk", "Effort", "Channel"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.locator(".figure .value").first).not_to_have_text("0")
    expect(page.get_by_role("img", name="Sentiment over time")).to_be_visible()
    expect(page.locator("#status-button")).to_have_text("Running")
    page.locator("#status-button").click()
    expect(page.get_by_text("Grok connection")).to_be_visible()
    page.keyboard.press("Escape")
    for name in ("1 h", "24 h", "30 days", "90 days"):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute(
            "aria-pressed", "true"
        )
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert visitor.errors == []


def test_a_topic_leads_to_its_conversations_and_to_the_quote(
    visit: Visit, analysed: dict[str, Any]
) -> None:
    visitor = visit()
    page = visitor.sign_in()
    topic = analysed["topics"][0].replace("_", " ")
    page.locator(".bars").first.get_by_role("button", name=topic, exact=True).click()
    expect(page.locator(".chip > span")).to_have_text([f"Topic: {topic}"])
    assert f"topic={analysed['topics'][0]}" in page.url
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.locator(f'tr[data-id="{analysed["id"]}"] button').click()
    panel = page.locator(".panel")
    expect(panel.locator("mark").first).to_have_text(analysed["quotes"][0]["text"])
    panel.locator(".quote").first.click()
    expect(panel.locator("mark").first).to_be_focused()
    expect(panel).to_contain_text("Churn risk")
    assert f"open={analysed['id']}" in page.url
    assert visitor.violations() == []
    assert visitor.errors == []


def test_a_link_shows_the_same_conversation_and_back_leads_back(
    visit: Visit, analysed: dict[str, Any]
) -> None:
    page = visit().sign_in(f"#overview?range=24h&open={analysed['id']}")
    expect(page.locator("#panel-title")).to_have_text(analysed["external_id"])
    expect(page.get_by_role("button", name="24 h")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="30 days").click()
    expect(page.locator(".panel")).to_be_hidden()
    page.go_back()
    expect(page.locator("#panel-title")).to_have_text(analysed["external_id"])
    expect(page.get_by_role("button", name="24 h")).to_have_attribute("aria-pressed", "true")
    page.go_forward()
    expect(page.locator(".panel")).to_be_hidden()


def test_filters_narrow_the_page_and_are_removed_one_by_one(
    visit: Visit, analysed: dict[str, Any]
) -> None:
    visitor = visit()
    page = visitor.sign_in()
    page.get_by_label("Sentiment", exact=True).select_option("negative")
    page.get_by_role("button", name="Fields and segments").click()
    page.locator("#more-filters").get_by_role("button", name="<u>chat</u>").click()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page.locator(".chip")).to_have_count(2)
    rows = page.locator(".conversations tbody tr")
    expect(rows.filter(has=page.locator(".badge:not(.negative)"))).to_have_count(0)
    expect(rows.filter(has_text=analysed["external_id"])).to_have_count(1)
    topic = analysed["topics"][0].replace("_", " ")
    page.locator("#search").fill(topic)
    page.locator("#search").press("Enter")
    expect(page.locator(".effect")).to_contain_text("Counters know one filter at a time")
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".chip")).to_have_count(0)
    page.locator("#search").fill(analysed["external_id"])
    page.locator("#search").press("Enter")
    expect(page.locator(".conversations tbody tr")).to_have_count(1)
    assert visitor.errors == []


def test_a_bar_of_the_chart_and_its_table_lead_to_its_time(
    visit: Visit, analysed: dict[str, Any]
) -> None:
    page = visit().sign_in("#overview?range=24h")
    page.locator(".chart .bar-group").last.hover()
    expect(page.locator(".tip")).to_contain_text("Total")
    page.locator(".chart .bar-group").last.click()
    expect(page.locator(".chip").first).to_contain_text(" to ")
    assert "from=" in page.url
    page.go_back()
    page.get_by_text("Show as a table").click()
    page.locator(".timeline tbody button").last.click()
    expect(page.locator(".chip").first).to_contain_text(" to ")
    expect(page.locator(".conversations tbody tr").first).to_be_visible()


def test_the_keyboard_goes_through_the_list(visit: Visit, analysed: dict[str, Any]) -> None:
    page = visit().sign_in()
    page.keyboard.press("j")
    first = page.locator(".conversations tbody tr").first
    expect(first).to_have_class("chosen")
    page.keyboard.press("j")
    expect(first).not_to_have_class("chosen")
    page.keyboard.press("k")
    expect(first).to_have_class("chosen")
    expect(page.locator(".panel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_be_hidden()
    expect(first.get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".panel")).to_be_visible()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()


def test_a_conversation_is_deleted_after_a_question(
    visit: Visit, client: Client, analysed: dict[str, Any]
) -> None:
    visitor = visit()
    page = visitor.sign_in(f"#overview?open={analysed['id']}")
    page.locator(".panel").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("cannot be undone")
    assert visitor.violations() == []
    page.get_by_role("button", name="Cancel").click()
    assert client.get(f"{LIST}/{analysed['id']}").status_code == 200
    page.locator(".panel").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("#toast")).to_have_text("The conversation is deleted.")
    expect(page.locator(f'tr[data-id="{analysed["id"]}"]')).to_have_count(0)
    assert client.get(f"{LIST}/{analysed['id']}").status_code == 404


def test_a_conversation_is_analysed_again_and_keeps_its_version(
    visit: Visit, client: Client, analysed: dict[str, Any]
) -> None:
    visitor = visit()
    page = visitor.sign_in(f"#overview?open={analysed['id']}")
    page.locator(".panel").get_by_role("button", name="Analyse again").click()
    expect(page.locator(".panel-note")).to_contain_text("analysed again")
    assert visitor.violations() == []
    expect(page.locator("#toast")).to_have_text("The new insight is shown.", timeout=60_000)
    versions = client.get(f"{LIST}/{analysed['id']}/versions").json()["items"]
    assert [one["current"] for one in versions] == [True, False]
    assert visitor.errors == []


def test_older_conversations_follow_and_stay_when_the_page_refreshes(
    visit: Visit, client: Client, analysed: dict[str, Any]
) -> None:
    at = datetime.now(UTC) - timedelta(hours=3)
    client.bulk([{"text": ANGRY, "occurred_at": at.isoformat()} for _ in range(25)])
    before = {"to": (at + timedelta(seconds=1)).isoformat(), "limit": 100}
    until(lambda: len(client.get(LIST, **before).json()["items"]) >= 25, 60, "25 insights")
    visitor = visit()
    visitor.page.clock.install()
    page = visitor.sign_in("#overview?range=24h")
    rows = page.locator(".conversations tbody tr")
    expect(rows).to_have_count(20)
    page.get_by_role("button", name="Show older conversations").click()
    expect(rows).not_to_have_count(20)
    shown = rows.count()
    with page.expect_response(OVERVIEW):
        page.clock.fast_forward(EVERY_SECONDS * 1000)
    expect(rows).to_have_count(shown)
    assert visitor.errors == []


# ------------------------------------------------------------------ hostile data


def test_texts_names_and_values_that_look_like_markup_stay_text(
    visit: Visit, analysed: dict[str, Any]
) -> None:
    visitor = visit()
    page = visitor.sign_in(f"#overview?open={analysed['id']}")
    expect(page.locator("#panel-title")).to_contain_text("<i>page")
    panel = page.locator(".panel")
    expect(panel.locator(".turn")).to_have_count(2)
    expect(panel.locator(".turn").first).to_contain_text(f"Customer{MARKUP}")
    expect(panel.locator(".turn").last).to_contain_text("Agent, <b>Priya</b>I am sorry.")
    expect(page.locator(".bars").last).to_contain_text("<u>chat</u>")
    expect(page.locator("main :is(b, i, u, img)")).to_have_count(0)
    assert visitor.errors == []


def test_hostile_topics_summaries_and_filters_stay_text(visit: Visit, client: Client) -> None:
    body = client.get("/api/v1/overview").json()
    label = {"label": f"topic:{MARKUP}", "value": MARKUP, "count": 9, "change": 1.0}
    label |= {"positive": 3, "negative": 3, "neutral": 3}
    body["dimensions"][0]["labels"] = [label]
    mover = {"label": f"topic:{MARKUP}", "value": MARKUP, "count": 9, "count_before": 0}
    body["movers"] = [mover | {"share": 1, "change": 1, "negative_share": 1, "series": [0, 9]}]
    for item in body["items"]:
        item |= {"summary": MARKUP, "topics": [MARKUP], "external_id": MARKUP}
    visitor = visit()
    visitor.page.route(OVERVIEW, lambda route: route.fulfill(json=body))
    page = visitor.sign_in("#overview?topic=%3Cimg%20src%3Dx%3E&range=%3Cb%3E")
    expect(page.locator(".chip")).to_contain_text("Topic: <img src=x>")
    expect(page.locator(".bars").first).to_contain_text(MARKUP)
    expect(page.locator(".movers")).to_contain_text(MARKUP)
    expect(page.locator("main :is(b, img)")).to_have_count(0)
    assert visitor.errors == []


# ------------------------------------------------------------------ states


def test_a_new_service_says_how_to_begin(visit: Visit, client: Client) -> None:
    body = client.get("/api/v1/overview", **RANGE_WITHOUT_DATA).json()
    visitor = visit()
    nothing: dict[str, Any] = {"items": [], "next_cursor": None}
    visitor.page.route(OVERVIEW, lambda route: route.fulfill(json=body))
    visitor.page.route(f"**{LIST}?*", lambda route: route.fulfill(json=nothing))
    page = visitor.sign_in()
    expect(page.get_by_role("heading", name="No conversations yet")).to_be_visible()
    expect(page.get_by_role("link", name="Send them by the API")).to_be_visible()
    assert visitor.violations() == []
    assert visitor.errors == []


def test_a_range_without_conversations_offers_a_longer_one(
    visit: Visit, analysed: dict[str, Any]
) -> None:
    query = "&".join(f"{name}={value}" for name, value in RANGE_WITHOUT_DATA.items())
    visitor = visit()
    page = visitor.sign_in(f"#overview?{query}")
    expect(page.locator("main")).to_contain_text("no conversations in this time")
    assert visitor.violations() == []
    page.get_by_role("button", name="Show the last 90 days").click()
    expect(page.locator(".conversations tbody tr").first).to_be_visible()


def test_an_outage_is_shown_as_unreachable_and_ends(visit: Visit, analysed: dict[str, Any]) -> None:
    visitor = visit()
    page = visitor.sign_in()
    visitor.context.set_offline(True)
    notice = page.locator("#notice")
    expect(notice).to_contain_text("What you see is from")
    expect(page.locator("#status-button")).to_have_text("Unreachable")
    expect(page.locator(".conversations tbody tr").first).to_be_visible()
    assert visitor.violations() == []
    visitor.context.set_offline(False)
    expect(notice).to_be_hidden()
    expect(page.locator("#status-button")).to_have_text("Running")


def test_too_many_requests_are_shown_with_the_next_attempt(visit: Visit, stack: Stack) -> None:
    visitor = visit()
    page = visitor.sign_in()
    headers = {"x-api-key": stack.name("API_KEY"), "x-forwarded-for": visitor.address}
    with httpx.Client(base_url=stack.name("API_URL"), headers=headers) as client:
        until(lambda: client.get(LIST, params={"limit": 1}).status_code == 429, 60, "a 429")
    page.get_by_role("button", name="30 days").click()
    expect(page.locator("#notice")).to_contain_text("Too many requests")
    expect(page.locator("#notice")).to_contain_text("Trying again at")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert visitor.violations() == []


def test_a_pause_is_shown_with_its_reason(visit: Visit, stack: Stack) -> None:
    dynamodb, table = stack.session.dynamodb(), stack.name("STATE_TABLE_NAME")
    pause(dynamodb, table, "a new prompt is tried", NOW)
    time.sleep(HEALTH_CACHE_SECONDS)  # so that no environment has another report in its cache
    try:
        page = visit().sign_in()
        expect(page.locator("#status-button")).to_have_text("Paused: paused by an operator")
        page.locator("#status-button").click()
        expect(page.locator("#status-panel")).to_contain_text("a new prompt is tried")
    finally:
        resume(dynamodb, table)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_is_accessible(
    visit: Visit, analysed: dict[str, Any], scheme: str, viewport: dict[str, int]
) -> None:
    visitor = visit(color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
    page = visitor.arrive()
    expect(page.get_by_label("API key")).to_be_visible()
    assert visitor.violations() == []
    visitor.sign_in()
    page.get_by_text("Show as a table").click()
    assert visitor.violations() == []
    assert visitor.fits()
    page.get_by_role("button", name="Fields and segments").click()
    assert visitor.violations() == []
    page.keyboard.press("Escape")
    expect(page.locator("#more-filters")).to_be_hidden()
    page.locator("#status-button").click()
    assert visitor.violations() == []
    page.keyboard.press("Escape")
    expect(page.locator("#status-panel")).to_be_hidden()
    page.keyboard.press("j")
    expect(page.locator(".panel .skeleton")).to_have_count(0)
    page.get_by_text("Facts").click()
    assert visitor.violations() == []
    assert visitor.fits()
    assert visitor.errors == []


def test_on_a_phone_figures_and_conversations_are_two_tabs(
    visit: Visit, analysed: dict[str, Any]
) -> None:
    visitor = visit(viewport=PHONE)
    page = visitor.sign_in()
    expect(page.locator(".conversations")).to_be_hidden()
    page.get_by_role("button", name="Conversations (").click()
    expect(page.locator(".conversations")).to_be_visible()
    expect(page.locator(".figures")).to_be_hidden()
    page.get_by_role("button", name="Overview").click()
    page.get_by_role("button", name="Negative", exact=False).first.click()
    expect(page.locator(".conversations")).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.locator(".conversations tbody tr").first.click()
    expect(page.locator(".panel")).to_be_in_viewport(ratio=0.9)
    assert visitor.fits()
    assert visitor.violations() == []


def test_times_are_in_the_zone_of_the_viewer(visit: Visit, analysed: dict[str, Any]) -> None:
    page = visit(timezone_id="Asia/Tokyo").sign_in(f"#overview?open={analysed['id']}")
    expect(page.locator("footer")).to_contain_text("Asia/Tokyo")
    there = datetime.fromisoformat(analysed["occurred_at"]) + timedelta(hours=9)
    expect(page.locator(".panel")).to_contain_text(f"{there:%H:%M:%S}")


# ------------------------------------------------------------------ key and requests


def test_a_wrong_key_is_refused_and_forgotten(visit: Visit) -> None:
    visitor = visit()
    page = visitor.enter("not-a-key-of-this-stack-0000000000")
    expect(page.get_by_role("alert").first).to_contain_text("not valid")
    expect(page.get_by_label("API key")).to_be_focused()
    assert page.evaluate("sessionStorage.length") == 0
    assert visitor.violations() == []


def test_the_key_stays_in_the_tab_until_it_is_forgotten(visit: Visit) -> None:
    page = visit().sign_in()
    page.reload()
    expect(page.locator("#updated")).to_contain_text("Updated", timeout=30_000)
    assert page.evaluate("[sessionStorage.length, localStorage.length]") == [1, 0]
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_label("API key")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_with_a_slash_at_its_end_the_page_works_too(visit: Visit, stack: Stack) -> None:
    page = visit().arrive("/dashboard/")
    expect(page.get_by_label("API key")).to_be_visible()
    assert page.url == stack.name("API_URL") + "/dashboard"


def test_a_refresh_is_one_request_and_a_hidden_page_sends_none(
    visit: Visit, analysed: dict[str, Any]
) -> None:
    visitor = visit()
    visitor.page.clock.install()
    page = visitor.sign_in()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(3):
        with page.expect_response(OVERVIEW):
            page.clock.fast_forward(EVERY_SECONDS * 1000)
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert len(asked) == 3

    asked.clear()
    _look(page, away=True)
    page.clock.fast_forward("05:00")
    page.wait_for_timeout(1_000)
    assert asked == []

    with page.expect_request(OVERVIEW):
        _look(page, away=False)


def test_a_refresh_keeps_the_focus(visit: Visit, analysed: dict[str, Any]) -> None:
    visitor = visit()
    visitor.page.clock.install()
    page = visitor.sign_in()
    topic = page.locator(".bars").first.get_by_role("button").first
    topic.focus()
    text = topic.text_content() or ""
    with page.expect_response(OVERVIEW):
        page.clock.fast_forward(EVERY_SECONDS * 1000)
    expect(page.locator("#updated")).not_to_have_text("")
    expect(page.locator(".bars button:focus")).to_have_text(text)


def test_a_change_of_the_range_blocks_the_page_for_at_most_100_ms(
    visit: Visit, analysed: dict[str, Any]
) -> None:
    visitor = visit()
    page = visitor.sign_in("#overview?range=7d")
    page.evaluate(
        """() => {
            window.longest = 0;
            new PerformanceObserver((list) => {
                for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
            }).observe({ type: "longtask" });
        }"""
    )
    page.get_by_role("button", name="90 days").click()
    expect(page.locator(".chart .bar-group, .chart g")).to_have_count(90)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert page.evaluate("longest") <= 100


def _look(page: Any, *, away: bool) -> None:
    """Switch to another tab, or back: without a display, a tab is never really hidden."""
    page.evaluate(
        """away => {
            Object.defineProperty(document, "hidden", { value: away, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        away,
    )
