"""Joining a team as a second person does: by a link that an admin sends, and with a password of their own."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.signing import follow
from tests.support.house import House


def join(tab: Page, admin: Page, house: House, name: str, password: str) -> None:
    """Sign a new operator with this name in, who then has this password."""
    admin.goto(f"{house.url}/team/")
    admin.get_by_label("User name or e-mail address").fill(name)
    admin.get_by_label("Role", exact=True).select_option("operator")
    admin.get_by_role("button", name="Add").click()
    follow(tab, admin.locator("#secret").inner_text(), later=False)
    tab.get_by_label("New password", exact=True).fill(password)
    tab.get_by_label("New password confirmation").fill(password)
    tab.get_by_role("button", name="Set password").click()
    expect(tab.get_by_text("Your password is set.")).to_be_visible()


def sign_out(tab: Page, house: House) -> None:
    """Sign out, and come to the page for signing in."""
    tab.goto(f"{house.url}/account/")
    tab.locator("header.top details.menu > summary").last.click()
    tab.get_by_role("button", name="Sign out", exact=True).click()
    expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()


def give_password(tab: Page, name: str, password: str) -> None:
    """Fill in the page for signing in, and send it."""
    tab.get_by_label("User name").fill(name)
    tab.get_by_label("Password").fill(password)
    tab.get_by_role("button", name="Sign in", exact=True).click()
