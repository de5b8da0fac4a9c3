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
#: Adds up what moved without anybody's doing.
SHIFT = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 1000);
})"""


def test_no_page_moves_while_it_loads(house: House, signed_in: Page, job_path: str) -> None:
    for path in ("/", "/jobs/?view=all", job_path):
        signed_in.goto(house.url + path)
        assert signed_in.evaluate(SHIFT) == 0, path
