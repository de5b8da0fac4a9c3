"""axe-core finds nothing on any page, for a signed-in admin, a visitor, and somebody whose input was refused."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(1800),
]


def violations(page: Page) -> list[str]:
    """What axe says of the page as it is: each rule, why it matters, and the elements."""
    response = Axe().run(page).response
    assert response["passes"], "axe looked at nothing"
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for rule in response["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_violation(
    house: House, signed_in: Page, every_path: dict[str, str], width: int, theme: str
) -> None:
    signed_in.set_viewport_size({"width": width, "height": 900})
    signed_in.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    for name, path in every_path.items():
        answer = signed_in.goto(house.url + path)
        assert answer is not None
        assert answer.status == 200, name
        assert violations(signed_in) == [], name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_visitor_and_a_refused_form_meet_none_either(house: House, signed_in: Page, theme: str) -> None:
    signed_in.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    signed_in.goto(f"{house.url}/jobs/new/")
    signed_in.get_by_label("Input data", exact=True).fill("not-an-address")
    signed_in.get_by_role("button", name="Check").click()
    assert violations(signed_in) == []
    signed_in.context.clear_cookies()
    signed_in.goto(f"{house.url}/jobs/")
    assert violations(signed_in) == []
