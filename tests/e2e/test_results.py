"""Looking at predictions beside what they were made of, at a desk and on a phone, by day and by night."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.display import new_context
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_person_finds_a_row_by_its_prediction_and_reads_it_whole(
    house: House, signed_in: Page, job_path: str, shots: Path, theme: str
) -> None:
    page = signed_in
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto(f"{house.url}{job_path}")
    page.get_by_role("link", name=re.compile("^Results")).click()
    rows = page.locator(".sides tbody tr")
    expect(rows).to_have_count(50)
    record = page.locator("#record")

    # The keys go from row to row, and the panel and the address go with them.
    for _ in range(3):
        page.keyboard.press("j")
    expect(record).to_contain_text("Row 3")
    expect(page).to_have_url(re.compile(r"row=3"))
    page.keyboard.press("k")
    expect(record).to_contain_text("Row 2")
    page.screenshot(path=shots / f"results-1280-{theme}.png")
    page.reload()
    expect(record).to_contain_text("Row 2")

    page.get_by_role("searchbox", name="Only rows with").fill("> 0.5")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text(re.compile(r"Rows 1 to \d+ were searched"))).to_be_visible()
    for cell in page.locator(".sides td.out").all_inner_texts():
        assert float(cell) > 0.5
    page.get_by_role("link", name="All rows").click()
    page.get_by_role("link", name="Next 50").click()
    expect(rows.first).to_have_id("row-51")

    # On a phone a press on a card leads to the whole record, and back.
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    rows.nth(4).click()
    expect(record).to_contain_text("Row 55")
    expect(record).to_be_in_viewport()
    page.screenshot(path=shots / f"results-390-{theme}.png")
    page.get_by_role("link", name="Back to the row").click()
    expect(rows.nth(4)).to_be_in_viewport()


def test_files_are_found_and_rows_gone_through_without_scripts(
    house: House, chromium: Browser, session_cookies: Any, job_path: str
) -> None:
    context = new_context(chromium, java_script_enabled=False)
    context.add_cookies(session_cookies)
    page = context.new_page()
    page.goto(f"{house.url}{job_path}results/")
    page.locator(".files > summary").click()
    page.get_by_label("Find a file").fill("part-2")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=re.compile("part-2.csv")).first.click()
    expect(page.locator(".files > summary")).to_contain_text("part-2.csv")
    page.get_by_role("link", name="Row 4", exact=True).click()
    expect(page.locator("#record")).to_contain_text("Row 4")
    page.get_by_role("textbox", name="Row").fill("60")
    page.get_by_role("button", name="Go").click()
    expect(page.locator(".sides tbody tr").first).to_contain_text("60")
    context.close()
