"""A person is invited by a link, gets another role, makes a token that is shown once, and is taken out again."""

from __future__ import annotations

import re

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
#: Nobody of the other stories.
NAME = "ines"


def invite(admin: Page, house: House) -> str:
    """Add the person, and read the link that is shown this once."""
    admin.goto(f"{house.url}/team/")
    admin.get_by_label("User name or e-mail address").fill(NAME)
    admin.get_by_role("button", name="Add").click()
    link = admin.locator("#secret").inner_text()
    assert violations(admin) == []
    admin.goto(f"{house.url}/team/")
    expect(admin.locator("#secret")).to_have_count(0)
    return link


def status_with(page: Page, house: House, token: str) -> int:
    """What the API answers to a list of jobs with this token."""
    key = {"Authorization": f"Bearer {token}"}
    return page.context.request.get(f"{house.url}/api/v1/jobs/", headers=key).status


def make_token(page: Page, house: House) -> str:
    """Make a token by the page; its secret, which the page does not show a second time."""
    page.goto(f"{house.url}/team/tokens/")
    page.get_by_label("What it is for").fill("nightly import")
    page.get_by_role("button", name="Make a token").click()
    secret = page.locator("#secret").inner_text()
    assert violations(page) == []
    page.goto(f"{house.url}/team/tokens/")
    expect(page.get_by_role("cell", name=re.compile("^nightly import"))).to_be_visible()
    assert secret not in page.content()
    return secret


def set_password(tab: Page) -> None:
    """Set a password on the page to which the first sign-in leads."""
    assert violations(tab) == []
    tab.get_by_label("New password", exact=True).fill("ines-has-a-pass")
    tab.get_by_label("New password confirmation").fill("ines-has-another")
    tab.get_by_role("button", name="Set password").click()
    expect(tab.get_by_text("The two password fields")).to_be_visible()
    assert violations(tab) == []
    tab.get_by_label("New password", exact=True).fill("ines-has-a-pass")
    tab.get_by_label("New password confirmation").fill("ines-has-a-pass")
    tab.get_by_role("button", name="Set password").click()
    expect(tab.get_by_text("Your password is set.")).to_be_visible()


def test_a_person_comes_by_a_link_works_by_their_role_and_goes(
    house: House, signed_in: Page, chromium: Browser
) -> None:
    admin = signed_in
    link = invite(admin, house)
    theirs = new_context(chromium, viewport={"width": 390, "height": 900})
    try:
        tab = theirs.new_page()
        tab.goto(link)
        assert violations(tab) == []
        follow(tab, link, later=False)
        expect(tab).to_have_url(f"{house.url}/account/password/")
        set_password(tab)
        tab.goto(f"{house.url}/team/")
        expect(tab.get_by_role("button", name=re.compile("^Set the role"))).to_have_count(0)
        tab.goto(f"{house.url}/jobs/new/")
        expect(tab.get_by_text("This needs the role operator; you are viewer")).to_be_visible()

        admin.get_by_label(f"Role of {NAME}", exact=True).select_option("operator")
        admin.get_by_role("button", name=f"Set the role of {NAME}").click()
        expect(admin.get_by_text(f"{NAME} has the role operator now.")).to_be_visible()
        tab.reload()
        expect(tab.get_by_role("button", name="Submit job")).to_be_visible()

        secret = make_token(tab, house)
        assert status_with(tab, house, secret) == 200
        tab.get_by_role("link", name="Revoke nightly import").click()
        revoke = tab.get_by_role("button", name="Revoke the token")
        expect(revoke).to_be_in_viewport(ratio=1)
        revoke.click()
        expect(tab.get_by_text("The token nightly import is revoked.")).to_be_visible()
        assert status_with(tab, house, secret) == 401

        tab.goto(f"{house.url}/team/activity/")
        tab.get_by_label("Person").select_option(NAME)
        tab.get_by_role("button", name="Show").click()
        rows = tab.locator("tbody tr")
        # Signed in, set a password, made a token, revoked it.
        expect(rows).to_have_count(4)
        expect(rows.first).to_contain_text("token revoked")
        assert violations(tab) == []

        admin.get_by_role("link", name=f"Remove {NAME}").click()
        admin.get_by_role("button", name=f"Remove {NAME}").click()
        expect(admin.get_by_text(f"{NAME} is out of the team")).to_be_visible()
        tab.goto(f"{house.url}/jobs/")
        expect(tab.get_by_text("You belong to no team yet.")).to_be_visible()
        assert violations(tab) == []
        tab.goto(link)
        expect(tab.get_by_role("heading", name="This link is no longer valid")).to_be_visible()
    finally:
        theirs.close()
