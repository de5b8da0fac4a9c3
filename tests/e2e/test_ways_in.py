"""The ways in beside a password alone: codes of an authenticator app, and a provider of OpenID Connect."""

from __future__ import annotations

import re
import time

import pyotp
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.display import new_context
from tests.e2e.joining import give_password, join, sign_out
from tests.e2e.looking import violations
from tests.e2e.signing import follow
from tests.support.house import House
from tests.support.oidc_provider import OidcProvider

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]
PASSWORD = "a-pass-of-eleven"


@pytest.fixture
def tab(context: object, page: Page) -> Page:
    """A phone on which nobody is signed in."""
    page.set_viewport_size({"width": 390, "height": 900})
    return page


@pytest.fixture
def admin(chromium: Browser, session_cookies: object, house: House) -> object:
    """The sample team's admin, in a browser of their own."""
    context = new_context(chromium)
    context.add_cookies(session_cookies)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def test_codes_are_set_up_asked_for_and_replaced_by_a_recovery_code(
    house: House, tab: Page, admin: Page
) -> None:
    join(tab, admin, house, "tara", PASSWORD)
    tab.goto(f"{house.url}/account/codes/")
    assert violations(tab) == []
    app = pyotp.TOTP(tab.locator("form code").inner_text())
    for code in ("nothing", app.now()):
        tab.get_by_label("The code that the app shows").fill(code)
        tab.get_by_label("Your password").fill(PASSWORD)
        tab.get_by_role("button", name="Turn codes on").click()
        if code == "nothing":
            expect(tab.locator("[aria-invalid=true]").first).to_be_visible()
            assert violations(tab) == []
    expect(tab.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    assert violations(tab) == []
    recovery_codes = tab.locator("#secret").inner_text().split()
    assert len(recovery_codes) == 10

    sign_out(tab, house)
    give_password(tab, "tara", PASSWORD)
    expect(tab.get_by_role("heading", name="Enter your code")).to_be_visible()
    assert violations(tab) == []
    tab.goto(f"{house.url}/jobs/")
    expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()
    give_password(tab, "tara", PASSWORD)
    tab.get_by_label("Code").fill("no-code")
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("heading", name="Enter your code")).to_be_visible()
    # The present code may be used up; that of the next half minute is good too.
    tab.get_by_label("Code").fill(app.at(int(time.time()) + 30))
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.locator("header.top details.menu").first).to_be_attached()

    sign_out(tab, house)
    give_password(tab, "tara", PASSWORD)
    tab.get_by_label("Code").fill(recovery_codes[0])
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.locator("header.top details.menu").first).to_be_attached()
    tab.goto(f"{house.url}/account/codes/")
    expect(tab.get_by_text("9 recovery codes left.")).to_be_visible()


def test_a_provider_signs_a_person_in_by_their_group_and_is_connected_with_an_account(
    house: House, tab: Page, admin: Page, oidc_provider: OidcProvider
) -> None:
    # The provider's page has a style of another host, which tests cannot reach.
    def without_style(route: Route) -> None:
        route.fulfill(body="", content_type="text/css")

    tab.context.route("https://cdn.jsdelivr.net/**", without_style)
    oidc_provider.add("u-nora", preferred_username="nora", name="Nora Lind", groups=["scientists"])
    oidc_provider.add("u-otto", preferred_username="otto.n", name="Otto N.", groups=["scientists"])
    tab.goto(f"{house.url}/models/")
    tab.get_by_role("link", name="Sign in by Example").click()
    tab.get_by_placeholder("sub").fill("u-nora")
    tab.get_by_role("button", name="Authorize").click()
    expect(tab).to_have_url(f"{house.url}/models/")
    tab.goto(f"{house.url}/account/")
    expect(tab.get_by_text("You can sign in by Example as").first).to_be_visible()
    assert violations(tab) == []
    sign_out(tab, house)

    join(tab, admin, house, "otto", PASSWORD)
    tab.goto(f"{house.url}/account/")
    tab.get_by_role("link", name="Connect Example").click()
    tab.get_by_placeholder("sub").fill("u-otto")
    tab.get_by_role("button", name="Authorize").click()
    tab.get_by_label("Password").fill(PASSWORD)
    assert violations(tab) == []
    tab.get_by_role("button", name="Connect").click()
    expect(tab.get_by_text("You can sign in by Example as").first).to_be_visible()
    sign_out(tab, house)
    tab.get_by_role("link", name="Sign in by Example").click()
    tab.get_by_placeholder("sub").fill("u-otto")
    tab.get_by_role("button", name="Authorize").click()
    expect(tab.locator("header.top details.menu > summary").last).to_contain_text("ot", ignore_case=True)


def test_a_link_works_once(house: House, page: Page) -> None:
    link = house.deck("link")
    follow(page, link)
    page.get_by_label(re.compile("admin in Sample team")).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
