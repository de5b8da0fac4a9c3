"""A person puts a preset on a schedule, sees what comes next, runs it now and pauses it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import SAMPLE
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]


def test_a_preset_is_put_on_a_schedule_run_and_paused(house: House, signed_in: Page) -> None:
    page, key = signed_in, {"Authorization": f"Bearer {house.token()}"}
    preset = {"name": "Scores for the schedule", "body": SAMPLE}
    new_preset = page.context.request.post(
        f"{house.url}/api/v1/presets/", data=preset, headers=key, fail_on_status_code=True
    ).json()
    page.goto(f"{house.url}/presets/{new_preset['slug']}/")
    page.get_by_role("link", name="Schedule…").click()
    expect(page.get_by_label("Preset preset")).to_have_value(new_preset["slug"])
    next_runs = page.get_by_role("complementary", name="Next runs")
    expect(next_runs.get_by_role("listitem")).to_have_count(5)

    times = page.get_by_label("Times expression")
    times.fill("every morning")
    expect(page.locator("#live-expression")).to_contain_text("is not a schedule expression")
    expect(next_runs).to_contain_text("They are shown once the times are right.")
    page.get_by_label("How often").select_option("Monday to Friday at 06:00")
    expect(page.locator("#live-expression")).to_be_empty()
    expect(next_runs.get_by_role("listitem")).to_have_count(5)

    output = page.get_by_label("Output output_path")
    output.fill("s3://batchdeck-samples/breast-cancer/{day}/")
    expect(page.locator("#live-output_path")).to_contain_text("{day} is no placeholder")
    output.fill("s3://batchdeck-samples/breast-cancer/scheduled/{run}/")
    expect(next_runs.get_by_role("listitem").first).to_contain_text("breast-cancer/scheduled/20")
    page.get_by_label("Name name").fill("Mornings")
    page.get_by_role("button", name="Make schedule").click()
    expect(page.get_by_role("heading", name="Mornings", exact=True)).to_be_visible()
    expect(page.get_by_text("If the run before has not ended: skip this time.")).to_be_visible()

    page.get_by_role("button", name="Run now").click()
    runs = page.get_by_role("region", name="Runs")
    expect(runs.get_by_text("run now, by")).to_be_visible()
    expect(runs.get_by_text("Completed")).to_be_visible(timeout=120_000)
    runs.get_by_role("link", name="breast-cancer-xgb").click()
    expect(page.get_by_text("Submitted by the schedule Mornings").first).to_be_visible()

    page.goto(f"{house.url}/schedules/next/")
    expect(page.get_by_role("link", name="Mornings").first).to_be_visible()
    page.goto(f"{house.url}/schedules/")
    page.get_by_role("button", name="Pause Mornings").click()
    expect(page.get_by_text("None while it is paused.")).to_be_visible()
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_text("the record of what became of its times is lost")).to_be_visible()
    page.get_by_role("button", name="Delete the schedule").click()
    expect(page.get_by_text("Mornings is deleted. Its jobs stay.")).to_be_visible()
