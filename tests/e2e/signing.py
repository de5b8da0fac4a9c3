"""Signing in as a person does who was sent a link."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def follow(page: Page, link: str) -> None:
    """Open a sign-in link and press its button."""
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("header.top details.menu")).to_be_attached()
