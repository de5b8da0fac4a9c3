"""A job becomes a preset with a locked field, an operator submits from it, and what differs is told."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.looking import violations
from tests.e2e.signing import follow
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]


def operator(house: House, context: BrowserContext) -> Page:
    """The tab of somebody who may submit jobs, and nothing more, in the sample's team."""
    script = (
        "from teams.models import Membership, Team, User\n"
        "team = Team.objects.order_by('pk').first()\n"
        "user, _ = User.objects.get_or_create(username='olga')\n"
        "Membership.objects.update_or_create(team=team, user=user, defaults={'role': 'operator'})\n"
    )
    house.deck("shell", "-c", script)
    link = house.deck("signin_link", "--user", "olga", "--base", house.url)
    page = context.new_page()
    follow(page, link)
    return page


def test_what_an_operator_changes_of_a_preset_is_told(
    house: House, signed_in: Page, job_path: str, context: BrowserContext
) -> None:
    admin = signed_in
    admin.goto(f"{house.url}{job_path}request/")
    admin.get_by_role("link", name="Save as preset").click()
    admin.get_by_label("Name preset_name").fill("Nightly scoring")
    admin.locator('[name="rule:instance_type"]').select_option("locked")
    admin.get_by_role("button", name="Save preset").click()
    expect(admin.get_by_text("Everybody in the team may use it.").first).to_be_visible()
    assert violations(admin) == []
    context.clear_cookies()

    page = operator(house, context)
    page.goto(f"{house.url}/presets/")
    page.get_by_role("link", name="Use Nightly scoring").click()
    instance = page.locator("#id_instance_type")
    expect(instance).to_be_disabled()
    expect(page.get_by_text("1 field is locked")).to_be_visible()
    expect(page.get_by_role("link", name="Unlock")).to_have_count(0)
    assert violations(page) == []
    page.locator("#id_output_path").fill("s3://batchdeck-samples/breast-cancer/from-preset/")
    page.get_by_role("button", name="Submit job").click()
    expect(page).to_have_url(re.compile(r"/jobs/[a-z2-7]{12}/"))

    page.goto(page.url.rstrip("/") + "/request/")
    differences = page.locator("section", has=page.get_by_role("heading", name="Different from its preset"))
    expect(differences.locator("tbody tr")).to_have_count(1)
    expect(differences.locator("tbody")).to_contain_text("output_path")
    expect(differences.locator("tbody")).to_contain_text("s3://batchdeck-samples/breast-cancer/from-preset/")
    assert violations(page) == []
