"""An admin tests the engine's connection and reads, call by call, what works; a viewer may test it as well."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.looking import violations
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]


@pytest.mark.parametrize("width", [390, 1280])
def test_a_test_of_the_engine_names_each_call_and_that_it_works(
    house: House, signed_in: Page, width: int
) -> None:
    page = signed_in
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{house.url}/connections/")
    page.get_by_role("link", name="Embedded engine").click()
    page.get_by_role("button", name="Test").click()
    panel = page.get_by_role("region", name="Test")
    expect(panel).to_contain_text("as account 000000000000")
    for call in ("sts:GetCallerIdentity", "sagemaker:ListTransformJobs", "logs:GetLogEvents"):
        row = panel.get_by_role("row", name=call)
        expect(row.get_by_text("Fine")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Embedded engine answers")
    expect(panel.get_by_text("Nothing was changed there.")).to_be_visible()
    assert violations(page) == []
