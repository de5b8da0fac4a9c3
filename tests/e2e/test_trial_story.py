"""A trial in a real browser: from the form to its results, and on to the whole job."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NEW_SAMPLE_JOB
from tests.e2e.looking import violations
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]


@pytest.mark.parametrize("width", [390, 1280])
def test_first_records_are_tried_and_lead_to_all_of_them(house: House, signed_in: Page, width: int) -> None:
    page = signed_in
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(house.url + NEW_SAMPLE_JOB)
    expect(page.locator("#preflight")).to_contain_text("Reads")
    page.get_by_label("Try the first").fill("20")
    page.get_by_label("Try the first").scroll_into_view_if_needed()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Try", exact=True).click()
    # Its own page goes on to the results when it completes.
    expect(page).to_have_url(re.compile(r"/jobs/\w+/results/$"), timeout=120_000)
    expect(page.locator("#job")).to_contain_text("trial of the first 20 records of")
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Run all").click()
    expect(page.locator("#preflight")).to_contain_text("as in the trial")
    expect(page.locator("#id_data")).to_have_value("s3://batchdeck-samples/breast-cancer/data/")
    assert not violations(page)
