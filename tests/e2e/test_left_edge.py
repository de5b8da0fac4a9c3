"""The titles of all pages begin at the same place."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]


@pytest.mark.parametrize("width", [1280, 1920])
def test_every_title_begins_at_the_same_left_edge(
    house: House, signed_in: Page, every_path: dict[str, str], width: int
) -> None:
    signed_in.set_viewport_size({"width": width, "height": 900})
    edges = {}
    for name, path in every_path.items():
        signed_in.goto(house.url + path)
        edges[name] = signed_in.locator("h1").first.evaluate("(title) => title.getBoundingClientRect().left")
    assert {name: edge for name, edge in edges.items() if edge != 24} == {}
