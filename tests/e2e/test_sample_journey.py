"""A newcomer's first minutes, in a real browser against a real house."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.signing import follow
from tests.support.house import CHECKOUT, House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("own-houses"),
    pytest.mark.timeout(600),
]

SAMPLES = CHECKOUT / "samples"
EXPECTED = json.loads((SAMPLES / "breast-cancer" / "expected.json").read_text())
PRICES = json.loads((SAMPLES / "used-cars" / "expected.json").read_text())
SIZES = [(width, theme) for theme in ("light", "dark") for width in (390, 1280, 1920)]


def whole(cell: Locator) -> float:
    """The number of a cell, which is shown with few digits and stands whole in its hint."""
    return float(cell.get_attribute("title") or cell.inner_text())


def shoot(page: Page, shots: Path, name: str) -> None:
    """Pictures of the page at each width, light and dark."""
    for width, theme in SIZES:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.screenshot(path=shots / f"{name}-{width}-{theme}.png", full_page=True, caret="initial")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")


def test_from_the_sign_in_link_to_reading_the_predictions(
    fresh_house: House, page: Page, shots: Path
) -> None:
    follow(page, fresh_house.link)
    expect(page.get_by_role("heading", name="Run your first transform job")).to_be_visible()
    shoot(page, shots, "first-visit")

    page.get_by_role("button", name="Run the sample job").click()
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=180_000)
    expect(page.get_by_text("Done: all 4 objects are written.")).to_be_visible()
    page.screenshot(path=shots / "job.png", full_page=True)

    page.get_by_role("link", name=re.compile("^Results")).click()
    page.get_by_role("link", name="Next file").click()
    rows = page.locator(".sides tbody tr")
    expect(rows).to_have_count(50)
    # What XGBoost itself predicted for these rows when the sample was made.
    assert whole(rows.first.locator("td.out")) == EXPECTED["part-1.csv"]["first"]
    page.get_by_role("textbox", name="Row").fill(str(EXPECTED["part-1.csv"]["rows"]))
    page.get_by_role("button", name="Go").click()
    expect(rows).to_have_count(1)
    assert whole(rows.last.locator("td.out")) == EXPECTED["part-1.csv"]["last"]

    with page.expect_download() as download:
        page.get_by_role("link", name="Download output").click()
    assert len(download.value.path().read_text().splitlines()) == EXPECTED["part-1.csv"]["rows"]

    # The other sample is one press away still: a pipeline of two containers.
    page.goto(fresh_house.url)
    expect(page.get_by_role("button", name="Run the sample job")).to_have_count(0)
    shoot(page, shots, "home-with-a-sample-to-run")
    page.get_by_role("button", name="Run the sample pipeline").click()
    expect(page.get_by_text("Done: all 3 objects are written.")).to_be_visible(timeout=180_000)
    page.get_by_role("link", name=re.compile("^Results")).click()
    rows = page.locator(".sides tbody tr")
    expect(rows).to_have_count(50)
    car = (SAMPLES / "used-cars" / "data" / "dealer-north.csv").read_text().partition("\n")[0].split(",")
    cells = rows.first.locator("td").all_inner_texts()
    assert [cell.strip() for cell in cells if cell.strip()][-len(car) - 1 : -1] == car
    assert whole(rows.first.locator("td.out")) == PRICES["dealer-north.csv"]["first"]
    shoot(page, shots, "results-of-a-pipeline")
    page.goto(f"{fresh_house.url}/models/?q=used-cars")
    page.get_by_role("link", name="used-cars-pipeline", exact=True).click()
    expect(page.get_by_role("heading", name="Container 2")).to_be_visible()
    shoot(page, shots, "model-of-a-pipeline")
    page.goto(fresh_house.url)
    expect(page.get_by_role("button", name="Run the sample pipeline")).to_have_count(0)

    # The third: photographs, each beside what the model says it shows.
    page.get_by_role("button", name="Classify pictures").click()
    expect(page.get_by_text("Done: all 12 objects are written.")).to_be_visible(timeout=400_000)
    page.get_by_role("link", name=re.compile("^Results")).click()
    tiles = page.locator(".tiles li")
    expect(tiles).to_have_count(12)
    espresso = tiles.filter(has_text="coffee.jpg")
    expect(espresso).to_contain_text("espresso")
    expect(espresso.locator("img")).to_have_js_property("complete", True)
    assert espresso.locator("img").evaluate("image => image.naturalWidth") > 100
    shoot(page, shots, "results-of-pictures")
    # By keys alone: to the second picture, into it, and back to all.
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="The input camera.jpg")).to_be_visible()
    expect(page.get_by_role("cell", name="tripod")).to_be_visible()
    shoot(page, shots, "results-of-a-picture")
    page.get_by_role("link", name="All pictures").click()
    page.get_by_role("searchbox", name="Find a picture").fill("cheetah")
    page.get_by_role("button", name="Find").click()
    expect(tiles).to_have_count(2)
