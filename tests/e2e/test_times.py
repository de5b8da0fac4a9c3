"""Whoever reads a page sees times in their own zone, named, from the first page on and without a jump."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.display import new_context
from tests.e2e.looking import MOVED
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]
ZONE = "America/New_York"


@pytest.fixture
def in_new_york(chromium: Browser, session_cookies: Any) -> Iterator[Page]:
    """A tab of a person in New York who is signed in, and has never opened a page here."""
    context = new_context(chromium, timezone_id=ZONE, viewport={"width": 1280, "height": 900})
    context.add_cookies(session_cookies)
    yield context.new_page()
    context.close()


def test_the_first_page_is_in_the_readers_zone(house: House, in_new_york: Page, job_path: str) -> None:
    page = in_new_york
    page.goto(house.url + job_path, wait_until="networkidle")
    clocks = page.locator(".moves time")
    expect(clocks.first).to_have_text(re.compile(r"^\d\d:\d\d:\d\d E[SD]T$"))
    assert page.evaluate(MOVED) == []
    at = datetime.fromisoformat(str(clocks.first.get_attribute("datetime"))).astimezone(ZoneInfo(ZONE))
    assert clocks.first.inner_text() == f"{at:%H:%M:%S %Z}"


def test_the_log_is_in_the_readers_zone_and_says_which(
    house: House, in_new_york: Page, job_path: str
) -> None:
    page = in_new_york
    page.goto(f"{house.url}{job_path}logs/")
    expect(page.locator(".reader footer")).to_contain_text(re.compile(r"Times in E[SD]T\."))
    line = page.locator("#log-lines > li").first
    written = int(str(line.get_attribute("data-id")).partition("-")[0]) / 1000
    at = datetime.fromtimestamp(written, UTC).astimezone(ZoneInfo(ZONE))
    assert line.locator(".ts").inner_text().startswith(f"{at:%H:%M:%S}")


def test_without_scripts_times_are_in_utc_and_say_so(
    house: House, chromium: Browser, session_cookies: Any, job_path: str
) -> None:
    context = new_context(chromium, timezone_id=ZONE, java_script_enabled=False)
    context.add_cookies(session_cookies)
    page = context.new_page()
    page.goto(house.url + job_path)
    expect(page.locator(".moves time").first).to_have_text(re.compile(r"^\d\d:\d\d:\d\d UTC$"))
    context.close()
