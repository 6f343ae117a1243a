"""Take the pictures of the documentation: the dashboard of the local stack, with sample data."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "images"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
FLAGS: Final = ("--no-sandbox", "--disable-gpu")

DESKTOP: Final = {"viewport": {"width": 1280, "height": 860}}
PHONE: Final = {"viewport": {"width": 390, "height": 780}, "color_scheme": "dark"}
RANGE: Final = "#overview?range=7d"

WITH_TURNS: Final = "sample-042"
"""A sample of the last days that has turns."""


def main(environ: Mapping[str, str]) -> int:
    """Take the pictures; return 1 if there is no browser or no stack."""
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None or "API_URL" not in environ:
        print("Chromium and a running local stack are needed: see make run.")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS))
        _take(_opened(browser, environ, DESKTOP), "overview")
        page = _opened(browser, environ, DESKTOP)
        page.locator(".conversations tbody tr", has_text=WITH_TURNS).click()
        expect(page.locator(".panel mark").first).to_be_visible()
        _take(page, "conversation")
        _take(_opened(browser, environ, PHONE), "phone")
        browser.close()
    return 0


def _opened(browser: Browser, environ: Mapping[str, str], settings: Mapping[str, Any]) -> Page:
    """Open the page with the key, and wait until everything is shown."""
    page = browser.new_context(locale="en-GB", **settings).new_page()
    page.goto(f"{environ['API_URL']}/dashboard{RANGE}")
    page.get_by_label("API key").fill(environ["API_KEY"])
    page.get_by_role("button", name="Open").click()
    expect(page.locator("#updated")).to_contain_text("Updated", timeout=30_000)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


def _take(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.screenshot(path=FOLDER / f"{name}.png")
    print(f"written: docs/images/{name}.png")


if __name__ == "__main__":
    sys.exit(main(os.environ))
