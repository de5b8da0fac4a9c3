"""Finding a failed job by a filter, keeping the way to look at it, sharing it, and opening it as somebody else."""

from __future__ import annotations

import json
import re
import urllib.request

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.display import new_context
from tests.e2e.looking import violations
from tests.e2e.signing import follow
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]
JOB = {
    "model": "breast-cancer-xgb",
    "connection": "engine",
    "data": "s3://no-such-bucket-anywhere/at-all/",
    "output_path": "s3://no-such-bucket-anywhere/out/",
    "instance_type": "ml.m5.large",
    "instance_count": 1,
    "content_type": "text/csv",
    "split_type": "Line",
}
#: A second member of the sample team, with the role viewer.
MEMBER = """
from teams.models import Membership, Team, User
user, _ = User.objects.get_or_create(username="mara")
Membership.objects.get_or_create(team=Team.objects.first(), user=user)
"""


def submit(house: House) -> None:
    """A job that fails, as its input is nowhere."""
    request = urllib.request.Request(
        f"{house.url}/api/v1/jobs/",
        data=json.dumps(JOB).encode(),
        headers={"Authorization": f"Bearer {house.token()}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


def find(page: Page, house: House, text: str) -> None:
    """Search as a person does: with the key, then Enter."""
    page.goto(f"{house.url}/jobs/?view=all")
    page.keyboard.press("/")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_a_view_of_failures_is_kept_shared_and_opened_by_another_member(
    house: House, signed_in: Page, job_path: str, chromium: Browser
) -> None:
    page = signed_in
    submit(house)
    find(page, house, "status:failed,rejected")
    expect(page.locator("#history a.strong").first).to_be_visible(timeout=90_000)
    page.locator("details.views > summary").click()
    page.get_by_label("Save these filters as").fill("Broken ones")
    page.get_by_label("Share with the team").check()
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_text("Saved as “Broken ones”, and shared with the team.")).to_be_visible()
    page.locator("details.views > summary").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name=re.compile("^Remove the filter status")).click()
    expect(page.locator(".mark-changed")).to_be_visible()

    house.deck("shell", "-c", MEMBER)
    theirs = new_context(chromium, viewport={"width": 390, "height": 900})
    try:
        tab = theirs.new_page()
        follow(tab, house.deck("signin_link", "--user", "mara", "--base", house.url))
        tab.goto(f"{house.url}/jobs/")
        tab.locator("details.views > summary").click()
        tab.locator("details.views").get_by_role("link", name=re.compile("^Broken ones")).click()
        expect(tab.locator("#history a.strong").first).to_be_visible()
        assert "state=failed" in tab.url
        assert tab.get_by_role("button", name="Delete").count() == 0
        tab.get_by_role("link", name="Failures by cause").click()
        expect(tab.locator("#history tr[data-row]").first).to_be_visible()
        assert violations(tab) == []
    finally:
        theirs.close()
