"""What a first visit costs the wire, as a browser counts it: the page with its styles, scripts, fonts and icons."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(600),
]
#: Bytes, with the headers of the answers.
MOST = 150_000


def test_a_first_visit_to_any_page_takes_at_most_150_kilobytes(
    house: House, chromium: Browser, session_cookies: Any, every_path: dict[str, str]
) -> None:
    weights = {}
    for name, path in every_path.items():
        # A new context has nothing cached.
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies(session_cookies)
        page = context.new_page()
        sizes: list[int] = []
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on(
            "Network.loadingFinished", lambda event, sizes=sizes: sizes.append(event["encodedDataLength"])
        )
        page.goto(house.url + path, wait_until="networkidle")
        weights[name] = sum(sizes)
        context.close()
    print({name: f"{weight / 1000:.0f} KB" for name, weight in weights.items()})
    assert {name: weight for name, weight in weights.items() if weight > MOST} == {}
