"""A job's files and what its instances used, in a real browser: found, sorted, taken away, drawn."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.looking import violations
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]


def open_tab(page: Page, house: House, job_path: str, name: str) -> None:
    page.goto(house.url + job_path)
    page.get_by_role("navigation", name="Job", exact=True).get_by_role("link", name=name).click()
    tab = page.get_by_role("navigation", name="Job", exact=True).locator("[aria-current]")
    expect(tab).to_have_text(re.compile(name))


def test_a_person_finds_a_file_and_takes_the_list_along(
    house: House, signed_in: Page, job_path: str, shots: Path
) -> None:
    page = signed_in
    open_tab(page, house, job_path, "Files")
    rows = page.locator("table.files tbody tr")
    before = rows.count()
    assert before > 1
    page.get_by_role("link", name="Size").click()
    expect(page).to_have_url(re.compile("sort="))
    expect(rows).to_have_count(before)
    sizes = rows.locator("td:last-child").all_inner_texts()
    page.get_by_role("link", name="Size").click()
    expect(rows.locator("td:last-child")).to_have_text(sizes[::-1])

    name = rows.first.locator("td").nth(1).inner_text().rpartition("/")[2]
    page.get_by_role("searchbox", name="Part of a key").fill(name)
    page.get_by_role("button", name="Find").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Written")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    (line,) = csv.DictReader(download.value.path().read_text().splitlines())
    assert line["input"].endswith(name)
    assert line["state"] == "written"

    page.get_by_role("searchbox", name="Part of a key").fill("no such file")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("No file has “no such file” in its key.")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="Show all of them").click()
    expect(rows).to_have_count(before)
    page.screenshot(path=shots / "job-files.png", full_page=True)


def test_what_the_instances_used_is_drawn_and_stands_in_a_table(
    house: House, signed_in: Page, job_path: str, shots: Path
) -> None:
    page = signed_in
    open_tab(page, house, job_path, "Metrics")
    for title in ("CPU", "Memory"):
        panel = page.get_by_role("region", name=title, exact=True)
        expect(panel.locator("canvas")).to_be_visible()
        cells = panel.locator("[data-rows] tr").first.locator("td.num")
        figures = [float(text.removesuffix(" %")) for text in cells.all_inner_texts()]
        assert figures == sorted(figures)
        assert len(figures) == 3
    colour = "() => getComputedStyle(document.querySelector('.swatch')).backgroundColor"
    light = page.evaluate(colour)
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("canvas")).to_have_count(2)
    assert page.evaluate(colour) != light
    page.screenshot(path=shots / "job-metrics.png", full_page=True)


def test_on_a_phone_the_strip_shows_the_tab_one_is_on(house: House, signed_in: Page, job_path: str) -> None:
    page = signed_in
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{house.url}{job_path}activity/")
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=1)
