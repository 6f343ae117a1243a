"""The dashboard in a real browser with a complete stack: what a user sees and does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from grok_insights.query.health import HEALTH_CACHE_SECONDS
from scripts.pause import pause, resume
from tests.builders import NOW
from tests.e2e import browser as browsing
from tests.e2e.browser import DESKTOP, PHONE, Visit, Visitor, expect
from tests.e2e.conftest import Client, Stack, until

LIST = "/api/v1/insights"
TEXT = "Customer: My parcel is late and nobody answers, this is awful.\nAgent: I am sorry."


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing.chromium() as found:
        yield found


@pytest.fixture
def visit(browser: Any, stack: Stack) -> Iterator[Visit]:
    visitors: list[Visitor] = []

    def come(**context: Any) -> Visitor:
        visitors.append(Visitor(browser, stack, **context))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.context.close()


@pytest.fixture
def analysed(client: Client, unique: Any) -> dict[str, Any]:
    """Return a conversation that has its insight, and whose text looks like markup."""
    text = f"<img src=x onerror=alert(1)> {TEXT}"
    name = unique("dashboard")
    one = client.post("/api/v1/conversations", {"text": text, "external_id": name}).json()
    path = f"{LIST}/{one['id']}"
    until(lambda: client.get(path).status_code == 200, 30, "an insight")
    found: dict[str, Any] = client.get(path).json()
    return found


def test_the_whole_journey_without_an_error(visit: Visit, analysed: dict[str, Any]) -> None:
    visitor = visit()
    page = visitor.sign_in()
    for heading in ("Today", "Trends", "Top topics", "Newest insights", "Try a conversation"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.locator(".figure .value").first).not_to_have_text("0")
    expect(page.locator("#charts .u-over")).to_have_count(3)
    expect(page.get_by_role("img", name="Sentiment over time")).to_be_visible()

    page.get_by_role("button", name="Use an example").click()
    page.get_by_role("button", name="Analyse").click()
    expect(page.locator("#try-result .badge")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Show details").click()
    expect(page.get_by_role("dialog")).to_contain_text("My parcel was due on Monday")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#insights .row").first).to_contain_text("just now")

    page.get_by_role("button", name="30 days").click()
    expect(page.get_by_role("button", name="30 days")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert visitor.errors == []


def test_filters_narrow_the_list_and_can_be_cleared(visit: Visit, analysed: dict[str, Any]) -> None:
    visitor = visit()
    page = visitor.sign_in()
    rows = page.locator("#insights .row")
    page.locator("select[name=sentiment]").select_option("negative")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(rows.first).to_be_visible()
    expect(rows.filter(has=page.locator(".badge:not(.negative)"))).to_have_count(0)
    page.locator("input[name=topic]").fill("no such topic")
    expect(page.locator("#insights")).to_contain_text("No insight matches")
    page.get_by_role("button", name="Clear").click()
    expect(rows.first).to_be_visible()
    page.locator(".topic").first.click()
    expect(page.locator("input[name=topic]")).not_to_have_value("")
    expect(rows.first).to_be_visible()
    assert visitor.errors == []


def test_text_that_looks_like_markup_stays_text(visit: Visit, analysed: dict[str, Any]) -> None:
    visitor = visit()
    page = visitor.sign_in()
    page.locator(f'[data-id="{analysed["id"]}"]').click()
    expect(page.get_by_role("dialog")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator("#detail img")).to_have_count(0)
    assert visitor.errors == []


def test_messages_are_shown_as_a_transcript_of_text(
    visit: Visit, client: Client, unique: Any
) -> None:
    messages = [
        {"role": "customer", "text": f"<img src=x onerror=alert(1)> {TEXT}"},
        {"role": "agent", "text": "I am sorry.", "name": "<b>Priya</b>"},
    ]
    sent = {"messages": messages, "external_id": unique("transcript")}
    one = client.post("/api/v1/conversations", sent).json()
    until(lambda: client.get(f"{LIST}/{one['id']}").status_code == 200, 30, "an insight")
    visitor = visit()
    page = visitor.sign_in()
    page.locator(f'[data-id="{one["id"]}"]').click()
    turns = page.get_by_role("dialog").locator(".turn")
    expect(turns).to_have_count(2)
    expect(turns.first).to_contain_text("Customer<img src=x onerror=alert(1)> Customer: My parcel")
    expect(turns.last).to_contain_text("Agent, <b>Priya</b>I am sorry.")
    expect(page.locator("#detail img, #detail .turn b")).to_have_count(0)
    assert visitor.violations() == []
    assert visitor.errors == []


def test_a_detail_opens_and_closes_by_keyboard_and_gives_the_focus_back(
    visit: Visit, analysed: dict[str, Any]
) -> None:
    page = visit().sign_in()
    row = page.locator(f'[data-id="{analysed["id"]}"]')
    row.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(row).to_be_focused()


def test_times_are_in_the_zone_of_the_viewer(visit: Visit, analysed: dict[str, Any]) -> None:
    page = visit(timezone_id="Asia/Tokyo").sign_in()
    expect(page.locator("footer")).to_contain_text("Asia/Tokyo")
    page.locator(f'[data-id="{analysed["id"]}"]').click()
    there = datetime.fromisoformat(analysed["created_at"]) + timedelta(hours=9)
    expect(page.get_by_role("dialog")).to_contain_text(f"{there:%H:%M:%S}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_is_accessible(
    visit: Visit, analysed: dict[str, Any], scheme: str, viewport: dict[str, int]
) -> None:
    visitor = visit(color_scheme=scheme, viewport=viewport)
    page = visitor.arrive()
    expect(page.get_by_label("API key")).to_be_visible()
    assert visitor.violations() == []
    visitor.sign_in()
    page.locator("details.data summary").first.click()
    assert visitor.violations() == []
    assert visitor.fits()
    page.locator("#insights .row").first.click()
    expect(page.locator("#detail .skeleton")).to_have_count(0)
    assert visitor.violations() == []
    assert visitor.errors == []


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


def test_too_many_requests_are_shown_with_the_next_attempt(visit: Visit, stack: Stack) -> None:
    visitor = visit()
    page = visitor.sign_in()
    headers = {"x-api-key": stack.name("API_KEY"), "x-forwarded-for": visitor.address}
    with httpx.Client(base_url=stack.name("API_URL"), headers=headers) as client:
        until(lambda: client.get(LIST, params={"limit": 1}).status_code == 429, 60, "a 429")
    page.get_by_role("button", name="7 days").click()
    expect(page.get_by_role("status").first).to_contain_text("Too many requests")
    expect(page.get_by_role("status").first).to_contain_text("Trying again at")
    assert visitor.violations() == []


def test_a_lost_connection_is_shown_and_restored(visit: Visit) -> None:
    visitor = visit()
    page = visitor.sign_in()
    visitor.context.set_offline(True)
    notice = page.locator("#notice")
    expect(notice).to_contain_text("What you see is from")
    assert visitor.violations() == []
    visitor.context.set_offline(False)
    expect(notice).to_be_hidden()


def test_a_pause_is_shown_with_its_reason(visit: Visit, stack: Stack) -> None:
    dynamodb, table = stack.session.dynamodb(), stack.name("STATE_TABLE_NAME")
    pause(dynamodb, table, "a new prompt is tried", NOW)
    time.sleep(HEALTH_CACHE_SECONDS)  # so that no environment has another report in its cache
    try:
        page = visit().sign_in()
        expect(page.locator("#worker")).to_have_text("Paused: paused by an operator")
        expect(page.locator("#figures")).to_contain_text("a new prompt is tried")
        page.get_by_label("Conversation", exact=True).fill(TEXT)
        page.get_by_role("button", name="Analyse").click()
        expect(page.locator("#try-result")).to_contain_text("It is waiting: paused by an operator")
    finally:
        resume(dynamodb, table)


def test_with_a_slash_at_its_end_the_page_works_too(visit: Visit, stack: Stack) -> None:
    page = visit().arrive("/dashboard/")
    expect(page.get_by_label("API key")).to_be_visible()
    assert page.url == stack.name("API_URL") + "/dashboard"


def test_a_hidden_page_sends_no_requests(visit: Visit) -> None:
    visitor = visit()
    visitor.page.clock.install()
    page = visitor.sign_in()
    with page.expect_request("**/health"):
        page.clock.fast_forward("05:00")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.wait_for_load_state("networkidle")

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    _look(page, away=True)
    page.clock.fast_forward("05:00")
    page.wait_for_timeout(1_000)
    assert asked == []

    with page.expect_request("**/health"):
        _look(page, away=False)


def _look(page: Any, *, away: bool) -> None:
    """Switch to another tab, or back: without a display, a tab is never really hidden."""
    page.evaluate(
        """away => {
            Object.defineProperty(document, "hidden", { value: away, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        away,
    )
