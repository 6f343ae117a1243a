"""A headless Chromium that shows the dashboard to the tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

WHY = "the dashboard is tested with Playwright: `make test` installs it"
pytest.importorskip("playwright", reason=WHY)

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402

from tests.e2e.conftest import Stack  # noqa: E402

__all__ = ["DESKTOP", "PHONE", "Visit", "Visitor", "chromium", "expect"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
"""No sandbox, because CI runs as root; and no features that contact other sites."""

DESKTOP = {"width": 1360, "height": 900}
PHONE = {"width": 390, "height": 844}

PATIENCE_MS = 20_000
"""A refresh can take seconds where the emulator shares its processors with other tests."""

expect.set_options(timeout=PATIENCE_MS)

_addresses = count(1)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the machine's browser; skip the test if there is none.

    GitHub's machines have one. If one is missing there, the test fails.
    """
    if CHROMIUM is None:
        tell = pytest.fail if "GITHUB_ACTIONS" in os.environ else pytest.skip
        tell("there is no Chromium: `apt-get install chromium` brings one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


class Visitor:
    """A user with a separate tab and address, and a list of all errors."""

    def __init__(self, browser: Browser, stack: Stack, **context: Any) -> None:
        self.stack = stack
        self.address = f"203.0.113.{next(_addresses)}"
        settings = {"locale": "en-GB", "timezone_id": "Asia/Tokyo", "viewport": DESKTOP} | context
        headers = {"x-forwarded-for": self.address}
        self.context = browser.new_context(**settings, extra_http_headers=headers)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note)

    def _note(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def arrive(self, path: str = "/dashboard") -> Page:
        """Open the page."""
        self.page.goto(self.stack.name("API_URL") + path)
        return self.page

    def enter(self, key: str | None = None, place: str = "") -> Page:
        """Open the page, with what its address names after the path, and enter the key."""
        page = self.arrive(f"/dashboard{place}")
        page.get_by_label("API key").fill(key or self.stack.name("API_KEY"))
        page.get_by_role("button", name="Open").click()
        return page

    def sign_in(self, place: str = "") -> Page:
        """Enter the key, and wait until everything is shown."""
        page = self.enter(place=place)
        expect(page.locator("#updated")).to_contain_text("Updated", timeout=30_000)
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        return page

    def violations(self) -> list[str]:
        """Return the violations that axe-core finds on the page."""
        found = Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]

    def fits(self) -> bool:
        """Whether the page needs no horizontal scrolling."""
        wide: int = self.page.evaluate("document.documentElement.scrollWidth")
        return wide <= int(self.page.evaluate("innerWidth"))


Visit = Callable[..., Visitor]
