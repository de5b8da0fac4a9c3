"""Nothing on a page moves by itself while it loads."""

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
#: What moved without anybody's doing until the page has been quiet for half a second: how much, and which elements.
MOVED = """() => new Promise((done) => {
  const moved = [];
  const name = (node) => node.nodeType === 1 ? node.cloneNode(false).outerHTML : node.textContent;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (!entry.hadRecentInput) moved.push([entry.value, ...entry.sources.map((one) => one.node && name(one.node))]);
    }
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(moved), 500);
})"""


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_moves_while_it_loads(
    house: House, signed_in: Page, every_path: dict[str, str], width: int
) -> None:
    signed_in.set_viewport_size({"width": width, "height": 900})
    moved = {}
    for name, path in every_path.items():
        signed_in.goto(house.url + path, wait_until="networkidle")
        moved[name] = signed_in.evaluate(MOVED)
    assert {name: what for name, what in moved.items() if what} == {}
