"""axe-core finds nothing for a visitor, and for somebody whose input was refused."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.e2e.looking import violations
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_visitor_and_a_refused_form_meet_no_violation(house: House, signed_in: Page, theme: str) -> None:
    signed_in.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    signed_in.goto(f"{house.url}/jobs/new/")
    signed_in.get_by_label("Input data", exact=True).fill("not-an-address")
    signed_in.get_by_role("button", name="Check").click()
    assert violations(signed_in) == []
    signed_in.context.clear_cookies()
    signed_in.goto(f"{house.url}/jobs/")
    assert violations(signed_in) == []
