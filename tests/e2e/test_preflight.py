"""Preflight in a real browser: the rail follows the form, a fix changes it, a tick opens the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.display import THEMES, WIDTHS, set_display
from tests.e2e.looking import violations
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]

BUCKET = "preflight-rail"


def upload(house: House) -> None:
    """An input, a folder whose name begins like it, and an output that is there already."""
    s3 = house.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for key in ("in/a.csv", "in/b.csv", "in_old/a.csv", "out/a.csv.out"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"1,2\n3,4\n")


def fill(page: Page, house: House) -> None:
    """A form with one error and two warnings."""
    upload(house)
    page.goto(f"{house.url}/jobs/new/")
    sample = page.locator("#id_model option", has_text="breast-cancer-xgb").first.get_attribute("value")
    page.locator("#id_model").select_option(sample)
    page.locator("#id_data").fill(f"s3://{BUCKET}/in")
    page.locator("#id_output_path").fill(f"s3://{BUCKET}/out/")
    page.get_by_text("Limits and retries").click()
    page.locator("#id_max_payload").fill("50")
    page.locator("#id_max_concurrent_transforms").fill("4")
    expect(page.locator("#preflight")).to_contain_text("also reads in_old/")
    expect(page.locator("#verdict")).to_contain_text("1 error blocks submitting")


def test_the_rail_is_readable_at_every_width_and_in_both_themes(
    house: House, signed_in: Page, shots: Path
) -> None:
    page = signed_in
    fill(page, house)
    for width in WIDTHS:
        for theme in THEMES:
            set_display(page, width, theme)
            page.screenshot(path=shots / f"preflight-{width}-{theme}.png", full_page=True, caret="initial")
            assert violations(page) == []


def test_the_rail_follows_the_form_and_opens_the_way(house: House, signed_in: Page) -> None:
    page = signed_in
    fill(page, house)
    rail, submit = page.locator("#preflight"), page.get_by_role("button", name="Submit job")
    expect(submit).to_be_disabled()
    page.get_by_role("button", name="Set Largest call in MB to 25").click()
    expect(page.locator("#id_max_payload")).to_have_value("25")
    expect(page.locator("#verdict")).not_to_contain_text("error")
    page.get_by_role("button", name=f"Use s3://{BUCKET}/in/").click()
    expect(rail).not_to_contain_text("in_old/")
    expect(page.locator("#id_data")).to_have_value(f"s3://{BUCKET}/in/")
    expect(submit).to_be_disabled()
    rail.get_by_role("checkbox", name="1 output is there already").check()
    expect(submit).to_be_enabled()
    submit.click()
    expect(page.get_by_role("heading", name="breast-cancer")).to_be_visible()
