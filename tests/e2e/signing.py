"""Signing in as a person does who was sent a link."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def follow(page: Page, link: str, *, later: bool = True) -> None:
    """Open a sign-in link and press its button; whoever is asked for a password then leaves it for later."""
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("header.top details.menu")).to_be_attached()
    if later and page.url.endswith("/account/password/"):
        page.get_by_role("link", name="Later").click()
        expect(page.get_by_role("heading", name="Set a password")).to_have_count(0)
